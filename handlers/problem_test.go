package handlers

import (
	"context"
	"database/sql/driver"
	"errors"
	"testing"
)

// Whose connection to the database was broken off because they went away is no reason to look after the database.
func TestWhoHasGoneIsNotToldThatTheDatabaseIsAway(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	late, end := context.WithTimeout(t.Context(), 0)
	defer end()
	for name, x := range map[string]struct {
		ctx  context.Context
		err  error
		want int
	}{
		"gone, and broken off":        {gone, driver.ErrBadConn, 499},
		"gone":                        {gone, context.Canceled, 499},
		"gone, with a fault":          {gone, errors.New("no such column"), 500},
		"there":                       {t.Context(), driver.ErrBadConn, 503},
		"there, others broken off":    {t.Context(), context.Canceled, 503},
		"there, and it takes long":    {late, driver.ErrBadConn, 503},
		"there, and there is a fault": {t.Context(), errors.New("no such column"), 500},
	} {
		if p := problemOf(x.ctx, "de", x.err); p.Status != x.want {
			t.Errorf("%s: %d, not %d", name, p.Status, x.want)
		}
	}
}
