package store

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"

	"morgenkreis/kita"
)

// Page is a part of a list, with the cursor of the next part; Next is empty at the end.
type Page[T any] struct {
	Items []T
	Next  string
}

// PageRequest asks for up to Limit items (1–100, 20 when zero) after the cursor After.
type PageRequest struct {
	Limit int
	After string
}

func (p PageRequest) limit() int {
	switch {
	case p.Limit <= 0:
		return 20
	case p.Limit > 100:
		return 100
	}
	return p.Limit
}

// cursor holds the sort key of the last item seen; keyset pages stay right while rows come and go.
func cursor(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, "\x00")))
}

// parts reads the cursor back into n strings; nil without a cursor.
func (p PageRequest) parts(n int) ([]string, error) {
	if p.After == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(p.After)
	parts := strings.Split(string(raw), "\x00")
	// What is not text would be refused by PostgreSQL with an error of its own.
	if err != nil || len(parts) != n || !utf8.Valid(raw) {
		return nil, kita.Invalid("after", "page.cursor")
	}
	return parts, nil
}

// instant reads the cursor as an instant and an id; without one, the newest possible.
func (p PageRequest) instant() (ms int64, id kita.ID, err error) {
	parts, err := p.parts(2)
	if err != nil || parts == nil {
		return 1<<62 - 1, "", err
	}
	ms, err = strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return 0, "", kita.Invalid("after", "page.cursor")
	}
	return ms, kita.ID(parts[1]), nil
}

func instantCursor(at kita.Instant, id kita.ID) string {
	return cursor(strconv.FormatInt(at.UnixMilli(), 10), string(id))
}

// paged cuts rows, read with one more than limit, into a page.
func paged[T any](rows []T, limit int, key func(T) string) Page[T] {
	if len(rows) <= limit {
		return Page[T]{Items: rows}
	}
	rows = rows[:limit]
	return Page[T]{Items: rows, Next: key(rows[limit-1])}
}
