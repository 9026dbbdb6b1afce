package store_test

import (
	"context"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// retainer is a row of each kind that ends by the clock, with the time it is kept after what ends it.
type retainer struct {
	table, of string
	keep      time.Duration
}

func TestEachKindOfRowIsKeptItsTimeAndNoLonger(t *testing.T) {
	const day = 24 * time.Hour
	kinds := []retainer{{"sessions", "id", 0}, {"tokens", "id", 0}, {"attempts", "key", 0}, {"invitations", "id", 90 * day}, {"deliveries", "id", 90 * day},
		{"jobs", "id", 90 * day}, {"creations", "id", 30 * day}, {"files", "id", 7 * day}, {"audit", "id", 3 * 365 * day}}
	onEachOutbox(t, func(o *outbox) {
		ctx := context.Background()
		o.w.Live()
		me, k, now := *o.lead.AccountID, o.k.ID, o.clock.Now()
		n := o.post(kita.NoticeNews, kita.AudienceKita)
		for name, shift := range map[string]time.Duration{"old": 0, "young": time.Millisecond} {
			at := func(keep time.Duration) kita.Instant { return kita.At(now.Add(shift - keep)) }
			for statement, args := range map[string][]any{
				`insert into sessions (id, account_id, token_hash, user_agent, created_at, last_seen_at, expires_at) values (?, ?, ?, '', 0, 0, ?)`: {name, me, name, at(0)},
				`insert into tokens (id, account_id, token_hash, name, scopes, created_at, expires_at) values (?, ?, ?, '', '', 0, ?)`:              {name, me, name, at(0)},
				`insert into attempts (key, failures, window_ends) values (?, 1, ?)`:                                                                {name, at(0)},
				`insert into invitations (id, kita_id, code_hash, created_at, expires_at) values (?, ?, ?, 0, ?)`:                                   {name, k, name, at(90 * day)},
				`insert into deliveries (id, channel, service, kind, rank, due_at, expires_at, outcome, created_at, finished_at)
values (?, 'push', 'x', 'test', 5, 0, 0, 'accepted', 0, ?)`: {name, at(90 * day)},
				`insert into jobs (id, kind, subject_id, due_at, created_at, finished_at) values (?, 'publish', ?, 0, 0, ?)`: {name, name, at(90 * day)},
				`insert into creations (id, account_id, hash, created_at) values (?, ?, '', ?)`:                              {name, me, at(30 * day)},
				`insert into files (id, kita_id, name, media_type, size, width, height, sum, thumb_sum, created_at) values (?, ?, '', '', 1, 1, 1, ?, '', ?)`: {
					name, k, name, at(7 * day)},
				`insert into audit (id, at, account_id, actor, action, subject_id, request_id) values (?, ?, ?, '', '', '', '')`: {name, at(3 * 365 * day), me},
			} {
				store.Exec(o, o.s, statement, args...)
			}
		}
		// What is still in use has no age: a file that a notice names, a delivery and a job that are not done.
		store.Exec(o, o.s, `insert into files (id, kita_id, name, media_type, size, width, height, sum, thumb_sum, created_at) values ('used', ?, '', '', 1, 1, 1, 'used', '', 0)`, k)
		store.Exec(o, o.s, `insert into notice_files (kita_id, notice_id, file_id, position) values (?, ?, 'used', 0)`, k, n.ID)
		store.Exec(o, o.s, `insert into deliveries (id, channel, service, kind, rank, due_at, expires_at, created_at) values ('used', 'push', 'x', 'test', 5, 0, 0, 0)`)
		store.Exec(o, o.s, `insert into jobs (id, kind, subject_id, due_at, created_at) values ('used', 'publish', 'used', 0, 0)`)

		o.must(o.s.SystemScheduleRetention(ctx))
		o.must(o.s.SystemScheduleRetention(ctx)) // at every start
		var daily []store.Job
		for _, j := range o.jobs(10) {
			if j.Kind == "retention" {
				daily = append(daily, j)
			}
		}
		if len(daily) != 1 {
			o.Fatalf("%d clean-ups are in the book", len(daily))
		}
		o.must(o.s.SystemRetain(ctx))
		o.must(o.s.SystemFinishJob(ctx, daily[0]))
		for _, x := range kinds {
			for id, want := range map[string]int{"old": 0, "young": 1} {
				if got := store.Count(o, o.s, `select count(*) from `+x.table+` where `+x.of+` = ?`, id); got != want {
					o.Errorf("%s: %d rows that are %s, want %d", x.table, got, id, want)
				}
			}
		}
		if left := store.Count(o, o.s, `select (select count(*) from files where id = 'used') + (select count(*) from deliveries where id = 'used') + (select count(*) from jobs where id = 'used')`); left != 3 {
			o.Errorf("%d of 3 that are in use are left", left)
		}
		if due := store.Count(o, o.s, `select due_at from jobs where kind = 'retention' and finished_at is null`); int64(due) != now.Add(day).UnixMilli() {
			o.Errorf("the next clean-up is at %s", time.UnixMilli(int64(due)))
		}
		if notices := store.Count(o, o.s, `select count(*) from notices`); notices != 1 {
			o.Errorf("%d notices", notices)
		}
	})
}
