package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"morgenkreis/kita"
)

// heads: the services that something waits for, and of which ranks. The recursion steps from one to the next in the index;
// reading every waiting row only to learn that there are three services would be slow just when much waits. Each step asks first for
// the next rank of the same service and then for the next service: for both at once, (service, rank) > (?, ?), SQLite seeks what is
// equal, and reads all of it.
const heads = `
with recursive heads (service, rank) as (
  select '', cast(-1 as bigint)
  union all
  select d.service, d.rank
  from   heads h
  join   deliveries d on d.id = coalesce(
           (select n.id from deliveries n where n.finished_at is null and n.service = h.service and n.rank > h.rank order by n.rank limit 1),
           (select n.id from deliveries n where n.finished_at is null and n.service > h.service order by n.service, n.rank limit 1)))
select service, rank from heads
where  service <> '' and (service = '` + mailService + `') = ?
order  by service, rank`

// dueOfHead: its index is read in the order of the claim, so that a claim costs what it takes, not what waits.
const dueOfHead = `select id` + dueOf
const dueOf = ` from deliveries where service = ? and rank = ? and finished_at is null and turn <= ? and due_at <= ? and leased_until <= ?
              order by turn, due_at limit ?`

const claimOfHead = `
update deliveries set leased_until = ?
where  id in (` + dueOfHead

const claimedColumns = `
select d.id, d.kita_id, d.account_id, d.recipient_id, d.absence_id, d.channel, d.service, d.kind, d.rank, d.attempts, d.shortened, d.expires_at,
       d.leased_until, d.subscription_id, coalesce(p.endpoint, '') as endpoint, coalesce(p.p256dh, '') as p256dh, coalesce(p.auth, '') as auth,
       coalesce(a.language, g.language, st.language, 'de') as language,
       coalesce(a.sound, 'all') as sound,
       coalesce(nullif(g.email, ''), nullif(st.email, ''), a.login, '') as email,
       coalesce(g.first_name || ' ' || g.last_name, st.first_name || ' ' || st.last_name, a.name, '') as person,
       (select count(*) from recipients u where u.account_id = d.account_id and u.opened_at is null and not u.withdrawn) as unread,
       coalesce(k.name, '') as kita_name, coalesce(k.title_only, false) as title_only,
       case when ab.id is null then '' else coalesce((select min(gr.name) from placements pl join groups gr on gr.kita_id = pl.kita_id and gr.id = pl.group_id
                 join staff_groups sg on sg.kita_id = gr.kita_id and sg.group_id = gr.id join staff sf on sf.kita_id = sg.kita_id and sf.id = sg.staff_id
                 where pl.kita_id = ab.kita_id and pl.child_id = ab.child_id and pl.from_day <= ab.to_day and pl.to_day >= ab.from_day and sf.account_id = d.account_id), '') end as group_name,
       ab.withdrawn_at is not null as withdrawn,
       r.notice_id as notice_id`

const claimedJoins = `
left   join subscriptions p on p.id = d.subscription_id
left   join accounts a on a.id = d.account_id
left   join kitas k on k.id = d.kita_id
left   join absences ab on ab.kita_id = d.kita_id and ab.id = d.absence_id
left   join recipients r on r.kita_id = d.kita_id and r.id = d.recipient_id
left   join guardians g on g.kita_id = r.kita_id and g.id = r.guardian_id
left   join staff st on st.kita_id = r.kita_id and st.id = r.staff_id`

const claimedDeliveries = claimedColumns + `
from   deliveries d` + claimedJoins + `
where  d.id in (?)
order  by d.rank, d.turn, d.id`

// claimAndRead is PostgreSQL's way. What another node holds in this moment is left to it, so that two never take one row. A row that
// was found and locked is not looked for once more by its key: it is where it is.
const claimAndRead = `
with due as (select ctid as place` + dueOf + ` for update skip locked),
     d as (update deliveries set leased_until = ? from due where deliveries.ctid = due.place returning deliveries.*)` + claimedColumns + `
from   d` + claimedJoins + `
order  by d.turn, d.id`

// Room is what is to be taken of a service's deliveries; of one that is not named, all.
type Room int

const (
	// RoomUrgent takes only what is below RankOrdinary.
	RoomUrgent Room = iota + 1
	RoomNone
)

// RankOrdinary is the least rank of what can wait its turn. Below are urgent notices, and the test that somebody waits for
// with the phone in their hand.
const RankOrdinary = 10

// SystemClaimDeliveries takes, of every service as far as there is room, up to limit deliveries of channel that are due, by
// rank and then by their turns, and holds them for the channel's lease. A slow service does not stand in the others'
// way, nor a kita that tells many in that of one that tells few. Where something is urgent, only that is taken, and so it
// is while there is haste.
func (s *Store) SystemClaimDeliveries(ctx context.Context, channel string, limit int, room map[string]Room) ([]Delivery, error) {
	looked := func() {}
	if channel == ChannelPush {
		looked = s.haste.look()
	}
	waiting, err := list[head](ctx, s.outbox.reader, heads, channel == ChannelEmail)
	if err != nil {
		return nil, err
	}
	lease := Lease
	if channel == ChannelEmail {
		lease = MailLease
	}
	// What is urgent is taken by itself: it does not wait until a thousand others have been read with it.
	var urgent, ordinary []head
	for _, h := range waiting {
		switch {
		case room[h.Service] == RoomNone:
		case h.Rank < RankOrdinary:
			urgent = append(urgent, h)
		case room[h.Service] != RoomUrgent:
			ordinary = append(ordinary, h)
		}
	}
	claimed, err := s.take(ctx, urgent, limit, lease)
	if err == nil {
		looked()
	}
	if err == nil && len(claimed) == 0 && !s.haste.On() {
		claimed, err = s.take(ctx, ordinary, limit, lease)
	}
	if unread := s.withNotices(ctx, claimed); unread != nil {
		return nil, errors.Join(err, unread) // a push that says nothing is worse than one that comes when the lease is over
	}
	return claimed, err
}

// take takes up to limit of each service among the heads, which are in order. What was taken before an error is sent all the same.
func (s *Store) take(ctx context.Context, heads []head, limit int, lease time.Duration) (claimed []Delivery, err error) {
	for len(heads) > 0 && err == nil {
		n := 1
		for n < len(heads) && heads[n].Service == heads[0].Service {
			n++
		}
		var taken []Delivery
		taken, err = s.outbox.batches.take(ctx, s, heads[:n], limit, lease)
		claimed = append(claimed, taken...)
		heads = heads[n:]
	}
	return claimed, err
}

// head is where the deliveries of a service and a rank begin.
type head struct {
	Service string `db:"service"`
	Rank    int    `db:"rank"`
}

// take claims in one transaction, and reads beside whoever writes next. Whether there is anything to claim it asks first: that
// costs less than to wait for the one who may write.
func (sqliteEngine) take(ctx context.Context, s *Store, of []head, limit int, lease time.Duration) ([]Delivery, error) {
	var ids []kita.ID
	due := slices.Clone(of)
	var err error
	due = slices.DeleteFunc(due, func(h head) bool {
		if err != nil {
			return true
		}
		var some []kita.ID
		some, err = list[kita.ID](ctx, s.outbox.reader, dueOfHead, h.dueAt(s.Now(), 1)...)
		return len(some) == 0
	})
	if err != nil || len(due) == 0 {
		return nil, err
	}
	err = s.send(ctx, nil, func(tx *Tx) error {
		ids = ids[:0]
		for _, h := range due {
			if len(ids) >= limit {
				break
			}
			more, err := list[kita.ID](tx.ctx, tx, claimOfHead+`)
returning id`, append([]any{kita.At(tx.now.Add(lease))}, h.dueAt(tx.now, limit-len(ids))...)...)
			if err != nil {
				return err
			}
			ids = append(ids, more...)
		}
		return nil
	})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return listAmong[Delivery](ctx, s.outbox, s.outbox.reader, claimedDeliveries, ids)
}

// take claims and reads in one statement for each rank, which is a transaction of its own: what is claimed is known, or is not
// claimed.
func (e postgresEngine) take(ctx context.Context, s *Store, of []head, limit int, lease time.Duration) (claimed []Delivery, err error) {
	for _, h := range of {
		if len(claimed) >= limit {
			break
		}
		now := s.Now()
		more, err := list[Delivery](ctx, s.outbox.reader, claimAndRead, append(h.dueAt(now, limit-len(claimed)), kita.At(now.Add(lease)))...)
		claimed = append(claimed, more...)
		if err != nil {
			return claimed, s.explain(err)
		}
	}
	return claimed, nil
}

// dueAt is what dueOfHead asks for.
func (h head) dueAt(now kita.Instant, limit int) []any {
	return []any{h.Service, h.Rank, kita.At(now.Add(turnSpan)), now, now, limit}
}

const noticeTexts = `select id, kind as notice_kind, title, body, language as notice_language, corrected_at is not null as corrected, discretion
from notices where id in (?)`

// withNotices adds what is told, read and cut once for all who are told it.
func (s *Store) withNotices(ctx context.Context, claimed []Delivery) error {
	var ids []kita.ID
	for _, d := range claimed {
		if d.NoticeID != nil && !slices.Contains(ids, *d.NoticeID) {
			ids = append(ids, *d.NoticeID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := listAmong[struct {
		ID kita.ID `db:"id"`
		NoticeText
	}](ctx, s.outbox, s.outbox.reader, noticeTexts, ids)
	texts := make(map[kita.ID]NoticeText, len(rows))
	for _, n := range rows {
		n.Excerpt = n.Body.Text(excerptLength)
		texts[n.ID] = n.NoticeText
	}
	for i := range claimed {
		if claimed[i].NoticeID != nil {
			claimed[i].NoticeText = texts[*claimed[i].NoticeID]
		}
	}
	return err
}
