package kita

import (
	"errors"
	"strings"
)

// Kind says what became of a request in the domain's own terms; handlers turns it into a status.
type Kind int

const (
	// KindInvalid: the request itself is wrong, and Field says where.
	KindInvalid Kind = iota + 1
	// KindRefused: the request is well formed, but a rule of the house stands against it.
	KindRefused
	// KindNotFound: there is no such thing, or the viewer may not know of it. The two are never told apart.
	KindNotFound
	// KindConflict: something else holds the place (an id, a number, a login).
	KindConflict
	// KindUnauthenticated: who is asking is not known.
	KindUnauthenticated
	// KindTooMany: the caller asked too often; Args holds "retry_after" in seconds.
	KindTooMany
	// KindStorage: the machine has no room left.
	KindStorage
	// KindUnavailable: something the house depends on does not answer right now; Args may hold "retry_after" in seconds.
	KindUnavailable
)

// Error is an answer of the domain: a code for machines and translators, a field for people, no story.
// Args are named values for the translation, as key, value, key, value.
type Error struct {
	Kind  Kind
	Code  string
	Field string
	Args  []any
}

func (e *Error) Error() string {
	if e.Field == "" {
		return e.Code
	}
	return e.Field + ": " + e.Code
}

// Is lets errors.Is match on the code alone.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && (t.Field == "" || t.Field == e.Field)
}

// Arg returns the named argument, or nil.
func (e *Error) Arg(name string) any {
	for i := 0; i+1 < len(e.Args); i += 2 {
		if e.Args[i] == name {
			return e.Args[i+1]
		}
	}
	return nil
}

// ErrNotFound answers for what does not exist and for what the viewer may not see, alike.
var ErrNotFound = &Error{Kind: KindNotFound, Code: "not_found"}

// ErrUnauthenticated answers whoever is not signed in, or no longer.
var ErrUnauthenticated = &Error{Kind: KindUnauthenticated, Code: "unauthenticated"}

// Invalid says that field is wrong, and why.
func Invalid(field, code string, args ...any) *Error {
	return &Error{Kind: KindInvalid, Code: code, Field: field, Args: args}
}

// Refused says that a rule stands against a well-formed request.
func Refused(code string, args ...any) *Error {
	return &Error{Kind: KindRefused, Code: code, Args: args}
}

// Conflict says that field's value is taken.
func Conflict(field, code string, args ...any) *Error {
	return &Error{Kind: KindConflict, Code: code, Field: field, Args: args}
}

// Errors is several wrong fields at once, so that a person mends them in one go.
type Errors []*Error

func (es Errors) Error() string {
	parts := make([]string, len(es))
	for i, e := range es {
		parts[i] = e.Error()
	}
	return strings.Join(parts, "; ")
}

// Checks collects wrong fields; its zero value is ready.
type Checks struct{ errs Errors }

// Add notes err when it is not nil.
func (c *Checks) Add(err error) {
	var one *Error
	var many Errors
	switch {
	case err == nil:
	case errors.As(err, &many):
		c.errs = append(c.errs, many...)
	case errors.As(err, &one):
		c.errs = append(c.errs, one)
	default:
		c.errs = append(c.errs, Invalid("", "invalid"))
	}
}

// That notes field and code when ok is false.
func (c *Checks) That(ok bool, field, code string, args ...any) {
	if !ok {
		c.errs = append(c.errs, Invalid(field, code, args...))
	}
}

// Err is nil when nothing was noted.
func (c *Checks) Err() error {
	if len(c.errs) == 0 {
		return nil
	}
	return c.errs
}
