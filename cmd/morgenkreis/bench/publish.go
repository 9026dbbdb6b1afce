package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/store/storetest"
)

// audience is how many guardians a notice is published to; each has one phone.
const audience = 200

// desk is a leader who publishes.
type desk struct {
	h       *house
	kita    kita.ID
	session string
	// guardians are the accounts of those who are written to, children whose they are.
	guardians, children []kita.ID
}

// desk builds a kita of 100 children with two guardians each, and signs its leader in.
func (h *house) desk(ctx context.Context) (*desk, error) {
	w := storetest.NewWorld(tb{}, h.store)
	k := w.Kita("Kita Regenbogen")
	g := k.Group("Gruppe")
	leader := k.Leader("Lea Leitung")
	var guardians, children []kita.ID
	for i := range audience / 2 {
		child := g.Child("Mia " + strconv.Itoa(i))
		for range 2 {
			parent := child.Guardian("Maria Mutter")
			guardians, children = append(guardians, *parent.AccountID), append(children, child.ID)
			w.Device(*parent.AccountID, "https://fcm.googleapis.com/fcm/send/"+string(kita.NewID()), p256dh, auth)
		}
	}
	w.Live()
	session, err := h.signIn(ctx, *leader.AccountID)
	return &desk{h, k.ID, session, guardians, children}, err
}

// publish posts one notice to the whole kita.
func (d *desk) publish() (kita.ID, error) {
	id := kita.NewID()
	body := map[string]any{"id": id, "kita_id": d.kita, "kind": kita.NoticeNews, "title": "Ausflug in den Wald", "body": noticeText,
		"audience": map[string]any{"kind": kita.AudienceKita}}
	_, err := d.h.call("POST", handlers.Prefix+"/notices", d.session, body, http.StatusCreated)
	return id, err
}

func (d *desk) runner(name string, notices int) *runner {
	return &runner{name: name, ops: notices, run: func() error {
		for range notices {
			if _, err := d.publish(); err != nil {
				return err
			}
		}
		return nil
	}}
}

// publishedRows are the rows that one notice left, table by table: what a program without a server would insert.
type publishedRows struct {
	tables []publishedTable
	db     *sqlx.DB
}

type publishedTable struct {
	name      string
	columns   []string
	rows      [][]any
	statement string
}

// readPublished looks up what publishing the notice has inserted.
func (d database) readPublished(ctx context.Context, notice kita.ID) (p publishedRows, err error) {
	if p.db, err = d.likeServer(ctx); err != nil {
		return p, err
	}
	const (
		ofNotice     = " where (kita_id, notice_id) in (select kita_id, id from notices where id = ?)"
		ofRecipients = " where (kita_id, recipient_id) in (select r.kita_id, r.id from notices n join recipients r on r.kita_id = n.kita_id and r.notice_id = n.id where n.id = ?)"
	)
	for _, t := range []struct{ name, condition string }{
		{"creations", " where id = ?"}, {"notices", " where id = ?"}, {"audit", " where subject_id = ?"}, {"jobs", " where subject_id = ?"},
		{"recipients", ofNotice}, {"recipient_children", ofRecipients}, {"deliveries", ofRecipients},
	} {
		table := publishedTable{name: t.name}
		rows, err := p.db.QueryxContext(ctx, p.db.Rebind("select * from "+t.name+t.condition), notice)
		if err != nil {
			return p, errors.Join(err, p.db.Close())
		}
		table.columns, err = rows.Columns()
		for err == nil && rows.Next() {
			var row []any
			row, err = rows.SliceScan()
			table.rows = append(table.rows, row)
		}
		if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
			return p, errors.Join(err, p.db.Close())
		}
		table.statement = p.db.Rebind("insert into " + t.name + " (" + strings.Join(table.columns, ", ") + ") values (" +
			strings.TrimSuffix(strings.Repeat("?, ", len(table.columns)), ", ") + ")")
		p.tables = append(p.tables, table)
	}
	for _, t := range p.tables {
		if want := map[string]int{"recipients": audience, "recipient_children": audience, "deliveries": audience}[t.name]; len(t.rows) != max(want, 1) {
			return p, errors.Join(fmt.Errorf("publishing left %d rows in %s: not what is to be measured", len(t.rows), t.name), p.db.Close())
		}
	}
	return p, nil
}

// likeServer is one connection that writes with the durability of the server's own.
func (d database) likeServer(ctx context.Context) (*sqlx.DB, error) {
	driver, address := "sqlite3", "file:"+d.path+"?_busy_timeout=10000&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=on&_txlock=immediate"
	if d.postgres() {
		driver, address = "pgx", d.url
	}
	db, err := sqlx.ConnectContext(ctx, driver, address)
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

// runner inserts the rows of one notice again and again under new ids: one transaction, one prepared statement a table,
// one row at a time.
func (p publishedRows) runner(name string, notices int) *runner {
	return &runner{name: name, ops: notices, run: func() error {
		for range notices {
			if err := p.insert(); err != nil {
				return err
			}
		}
		return nil
	}}
}

func (p publishedRows) insert() error {
	tx, err := p.db.Beginx()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it has nothing left to do
	fresh, now := map[string]string{}, time.Now().UnixMilli()
	for _, t := range p.tables {
		statement, err := tx.Preparex(t.statement)
		if err != nil {
			return err
		}
		for _, row := range t.rows {
			if _, err := statement.Exec(t.renewed(row, fresh, now)...); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
		}
		if err := statement.Close(); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// renewed is row under new ids and at another time. What other rows of the same notice point at has one new id for all.
func (t publishedTable) renewed(row []any, fresh map[string]string, now int64) []any {
	renewed := slices.Clone(row)
	for i, column := range t.columns {
		switch column {
		case "id", "notice_id", "recipient_id", "subject_id":
			old := row[i].(string)
			if fresh[old] == "" {
				fresh[old] = string(kita.NewID())
			}
			renewed[i] = fresh[old]
		case "published_at", "created_at":
			renewed[i] = now
		}
	}
	return renewed
}
