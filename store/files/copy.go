package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"morgenkreis/kita"
)

// copies is how many files are on their way at a time: a bucket takes its time for each, whatever its size.
const copies = 8

// Copied is what a Copy did.
type Copied struct {
	Files   int      // seen where they come from
	Bytes   int64    // of them
	There   int      // of them were whole at the other place already
	Damaged []string // of them are not what their name says, and were left out
}

// Copy brings every file of from to the store to, which keeps what else it has. Each is read back there, and is whole when
// Copy returns without an error; one that was there is looked through in the same way, and replaced when it is damaged. A
// Copy that is broken off can be made again: what is there is not sent twice. show may be called from any goroutine, one
// call at a time.
func Copy(ctx context.Context, from, to Store, show func(done, total int64)) (c Copied, err error) {
	there := map[string]bool{}
	if err := to.Walk(ctx, func(e Entry) error { there[e.Sum] = true; return nil }); err != nil {
		return c, err
	}
	var all []Entry
	if err := from.Walk(ctx, func(e Entry) error { all = append(all, e); c.Bytes += e.Size; return nil }); err != nil {
		return c, err
	}
	c.Files = len(all)
	var mu sync.Mutex
	var done int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(copies)
	for _, e := range all {
		group.Go(func() error {
			found, damaged, err := copyOne(ctx, from, to, e.Sum, there[e.Sum])
			if err != nil {
				return fmt.Errorf("attachment %s: %w", e.Sum, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if found {
				c.There++
			}
			if damaged {
				c.Damaged = append(c.Damaged, e.Sum)
			}
			done += e.Size
			show(done, c.Bytes)
			return nil
		})
	}
	err = group.Wait()
	slices.Sort(c.Damaged)
	return c, err
}

func copyOne(ctx context.Context, from, to Store, sum string, there bool) (found, damaged bool, err error) {
	if there {
		if whole, err := Whole(ctx, to, sum); whole || err != nil {
			return whole, false, err
		}
	}
	content, err := readWhole(ctx, from, sum)
	if errors.Is(err, error(kita.ErrNotFound)) { // removed since it was listed
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != sum {
		return false, true, nil
	}
	if _, _, err := to.Put(ctx, bytes.NewReader(content)); err != nil {
		return false, false, err
	}
	whole, err := Whole(ctx, to, sum)
	if err == nil && !whole {
		err = errors.New("was written, and is not read back as it was")
	}
	return false, false, err
}

// readWhole holds one file in memory, which Clean lets be MaxBytes at most: only what is whole may get a name elsewhere.
func readWhole(ctx context.Context, s Store, sum string) (content []byte, err error) {
	f, err := s.Open(ctx, sum)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(contextReader{ctx, f})
}

// Whole reads the file named sum and tells whether it is what its name says; what is not there is not.
func Whole(ctx context.Context, s Store, sum string) (whole bool, err error) {
	f, err := s.Open(ctx, sum)
	if errors.Is(err, error(kita.ErrNotFound)) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	hash := sha256.New()
	_, err = io.Copy(hash, contextReader{ctx, f})
	return err == nil && hex.EncodeToString(hash.Sum(nil)) == sum, err
}
