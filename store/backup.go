package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"
)

// copyStep is how many pages are copied between two looks at the context: 4 MiB.
const copyStep = 1024

// SystemCopy fills the empty file to with the SQLite database at from, as it stands at one moment after the call, while
// other processes go on reading and writing it: every transaction that was committed before the call is in the copy, and
// none is in it by half. progress is told the bytes. The copy is not yet safe from a power cut. After an error to holds
// nothing of use.
//
// It is SQLite's online backup and not VACUUM INTO, which writes every row and every index anew and tells no progress. The
// read transaction around all its steps keeps the moment: without it each commit of another process would have the copy
// begin again, and under load it would never end. Under WAL no writer waits for it; the log grows until it is done.
func SystemCopy(ctx context.Context, from, to string, progress func(done, total int64)) error {
	return withConn(ctx, sqliteEngine{path: from}, "mode=rw&_query_only=on", func(src *sql.Conn) error {
		if _, err := src.ExecContext(ctx, "begin"); err != nil {
			return err
		}
		var objects, pageSize int64
		// The transaction begins with its first read, not with "begin".
		err := errors.Join(src.QueryRowContext(ctx, "select count(*) from sqlite_master").Scan(&objects),
			src.QueryRowContext(ctx, "pragma page_size").Scan(&pageSize))
		if err != nil {
			return err
		}
		// No log beside the copy and no flushing: an unfinished copy is thrown away.
		return withConn(ctx, sqliteEngine{path: to}, "mode=rw&_journal_mode=OFF&_synchronous=OFF", func(dst *sql.Conn) error {
			return src.Raw(func(s any) error {
				return dst.Raw(func(d any) error {
					return copyPages(ctx, s.(*sqlite3.SQLiteConn), d.(*sqlite3.SQLiteConn), func(done, total int) {
						progress(int64(done)*pageSize, int64(total)*pageSize)
					})
				})
			})
		})
	})
}

func copyPages(ctx context.Context, src, dst *sqlite3.SQLiteConn, progress func(done, total int)) (err error) {
	b, err := dst.Backup("main", src, "main")
	if err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	// Finish tells the error of a step that failed once more. It must come before the connections end, whatever happens.
	defer func() {
		if finished := b.Finish(); err == nil {
			err = finished
		}
	}()
	for done := false; !done; {
		if done, err = b.Step(copyStep); err != nil {
			return fmt.Errorf("copy the database: %w", err)
		}
		progress(b.PageCount()-b.Remaining(), b.PageCount())
		if err = ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// withConn lends f one connection to the database; what f left open in it ends with it.
func withConn(ctx context.Context, e sqliteEngine, options string, f func(*sql.Conn) error) (err error) {
	db, err := e.connect(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(c), c.Close())
}

// Counts are the rows of each table of a SQLite database.
func (r *SystemReader) Counts(ctx context.Context) (map[string]int64, error) {
	tables, err := list[string](ctx, r.store.db, `select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`)
	if err != nil {
		return nil, err
	}
	counts := make(map[string]int64, len(tables))
	for _, table := range tables {
		if counts[table], err = get[int64](ctx, r.store.db, `select count(*) from "`+table+`"`); err != nil {
			return nil, err
		}
	}
	return counts, nil
}
