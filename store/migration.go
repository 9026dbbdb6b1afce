package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"morgenkreis"
)

// SchemaVersion is the version of schema.sql: the number of the newest file in migrations.
const SchemaVersion = 7

// An empty database gets schema.sql as it is. One that is older is carried to it by the files in migrations, in order:
// 0002_words.sql carries version 1 to version 2 on both engines, 0003_words.sqlite.sql with 0003_words.postgres.sql carries
// version 2 to version 3 on each in its own way. 0001_baseline.sql is the oldest schema there is; nobody runs it but the
// test that wants both ways to end in the same place. What has been released is never changed.
//
// What a migration can count on: it runs once, alone, together with all others that are missing in one transaction, and
// without foreign keys being enforced on SQLite, where a table is rebuilt by making a new one, filling it, dropping the old
// one and renaming (https://www.sqlite.org/lang_altertable.html#otheralter); that all keys point to something is looked at
// before the commit. Nodes of the version before may still be at work on PostgreSQL while it runs.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

// ladder is what an empty database is made of, and what carries an older one there.
type ladder struct {
	schema  string
	version int
	files   fs.FS
}

func ourLadder() ladder {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		panic(err) // the path is ours
	}
	return ladder{morgenkreis.Schema, SchemaVersion, files}
}

// rung is one migration: it carries the version before it to version.
type rung struct {
	version    int
	name       string
	statements string
}

// rungs are the migrations for an engine, from version 1 without a gap.
func (l ladder) rungs(engine string) ([]rung, error) {
	names, err := fs.Glob(l.files, "*.sql") // sorted
	if err != nil {
		return nil, err
	}
	var all []rung
	for _, name := range names {
		base, only, _ := strings.Cut(strings.TrimSuffix(name, ".sql"), ".")
		if only != "" && only != engine {
			continue
		}
		number, _, _ := strings.Cut(base, "_")
		if version, err := strconv.Atoi(number); err != nil || version != len(all)+1 {
			return nil, fmt.Errorf("migrations: there is %s for %s where version %d should be", name, engine, len(all)+1)
		}
		statements, err := fs.ReadFile(l.files, name)
		if err != nil {
			return nil, err
		}
		all = append(all, rung{len(all) + 1, base, string(statements)})
	}
	if len(all) != l.version {
		return nil, fmt.Errorf("migrations: for %s they end at version %d, and the schema has version %d", engine, len(all), l.version)
	}
	return all, nil
}

// prepare creates the schema in an empty database, carries an older one to this version, and refuses a newer one. Of several
// that come at once, one does it, and the others wait for it. It is done whole or not at all.
func (s *Store) prepare(ctx context.Context) error {
	version, err := s.schemaVersion(ctx, s.writer)
	if err != nil || version == s.ladder.version {
		return err
	}
	return s.engine.alone(ctx, s.writer, func(tx *sqlx.Tx) error {
		// Another one may have done it meanwhile.
		version, err := s.schemaVersion(ctx, tx)
		switch {
		case err != nil || version == s.ladder.version:
			return err
		case version > s.ladder.version:
			return fmt.Errorf("the database has schema version %d, and this program knows %d: a newer program was at work on it; "+
				"use that one, or restore the backup from before", version, s.ladder.version)
		case version == 0:
			return s.create(ctx, tx)
		}
		return s.climb(ctx, tx, version)
	})
}

// schemaVersion is 0 for a database with nothing of ours in it.
func (s *Store) schemaVersion(ctx context.Context, q query) (int, error) {
	have, err := get[int](ctx, q, s.engine.hasSchema())
	if err != nil || have == 0 {
		return 0, err
	}
	value, err := get[string](ctx, q, "select value from meta where key = 'schema_version'")
	if err != nil {
		return 0, fmt.Errorf("the version of the schema: %w", err)
	}
	version, err := strconv.Atoi(value)
	if err == nil && version < 1 {
		err = errors.New("there is no such version")
	}
	if err != nil {
		return 0, fmt.Errorf("the version of the schema is said to be %q: %w", value, err)
	}
	return version, nil
}

func (s *Store) create(ctx context.Context, tx *sqlx.Tx) error {
	if _, err := tx.ExecContext(ctx, s.engine.functions()+s.ladder.schema+s.engine.storage()); err != nil {
		return fmt.Errorf("create the schema: %w", err)
	}
	_, err := tx.ExecContext(ctx, tx.Rebind("insert into meta (key, value) values ('schema_version', ?)"), strconv.Itoa(s.ladder.version))
	return err
}

// climb carries the schema on from a version that is older.
func (s *Store) climb(ctx context.Context, tx *sqlx.Tx, from int) error {
	all, err := s.ladder.rungs(s.engine.name())
	if err != nil {
		return err
	}
	if err := s.engine.lower(ctx, tx); err != nil {
		return fmt.Errorf("row-level security: %w", err)
	}
	for _, r := range all[from:] {
		slog.InfoContext(ctx, "schema carried on", "to", r.version, "by", r.name)
		if _, err := tx.ExecContext(ctx, r.statements); err != nil {
			return fmt.Errorf("carry the schema from version %d to %d (%s): %w%s", from, s.ladder.version, r.name, err, s.engine.detail(err))
		}
	}
	_, err = tx.ExecContext(ctx, tx.Rebind("update meta set value = ? where key = 'schema_version'"), strconv.Itoa(s.ladder.version))
	return err
}
