package store

import (
	"context"
	"math/bits"
	"slices"
	"time"

	"morgenkreis/kita"
)

// Delivery is one message on its way to one device, or to one address, with all that is needed to write it.
type Delivery struct {
	ID          kita.ID  `db:"id"`
	KitaID      *kita.ID `db:"kita_id"`
	AccountID   *kita.ID `db:"account_id"`
	RecipientID *kita.ID `db:"recipient_id"`
	AbsenceID   *kita.ID `db:"absence_id"`
	Channel     string   `db:"channel"`
	Service     string   `db:"service"`
	Kind        string   `db:"kind"`
	// Rank is lower for what is more urgent; below RankOrdinary it overtakes what is taken and not begun.
	Rank      int          `db:"rank"`
	Attempts  int          `db:"attempts"`
	Shortened bool         `db:"shortened"`
	ExpiresAt kita.Instant `db:"expires_at"`
	// LeasedUntil is the claim itself: once it is over, or another stands in its place, somebody else sends.
	LeasedUntil kita.Instant `db:"leased_until"`

	SubscriptionID *kita.ID `db:"subscription_id"`
	Endpoint       string   `db:"endpoint"`
	P256dh         string   `db:"p256dh"`
	Auth           string   `db:"auth"`

	Language string `db:"language"` // the account's, or of the person the e-mail goes to
	// Sound is what the account lets make one.
	Sound     kita.Sound `db:"sound"`
	Email     string     `db:"email"`
	Person    string     `db:"person"`
	Unread    int        `db:"unread"`
	KitaName  string     `db:"kita_name"`
	TitleOnly bool       `db:"title_only"`
	// GroupName is of the absent child: the group that this colleague works with. Withdrawn tells that the absence is off.
	GroupName string `db:"group_name"`
	Withdrawn bool   `db:"withdrawn"`

	NoticeID *kita.ID `db:"notice_id"`
	// NoticeText is what is told; empty for an absence and a test.
	NoticeText `db:"-"`
}

// NoticeText is as much of a notice as leaves the house.
type NoticeText struct {
	NoticeKind kita.NoticeKind `db:"notice_kind"`
	Title      string          `db:"title"`
	Body       kita.Markdown   `db:"body"`
	NoticeLang string          `db:"notice_language"`
	Corrected  bool            `db:"corrected"`
	Discretion kita.Discretion `db:"discretion"`
	// Excerpt is the body on one line, as a lock screen has room for.
	Excerpt string `db:"-"`
}

// excerptLength is more than any lock screen shows, in characters.
const excerptLength = 300

// Subscription is the device of a push.
func (d Delivery) Subscription() kita.Subscription {
	s := kita.Subscription{Endpoint: d.Endpoint, P256dh: d.P256dh, Auth: d.Auth}
	if d.SubscriptionID != nil {
		s.ID = *d.SubscriptionID
	}
	if d.AccountID != nil {
		s.AccountID = *d.AccountID
	}
	return s
}

// The channels, and how long a claim of each holds: whoever has not finished by then has died. An SMTP server may take
// minutes over one message.
const (
	ChannelPush  = "push"
	ChannelEmail = "email"
	Lease        = time.Minute
	MailLease    = 5 * time.Minute
)

// mailService stands where a push has its service; no push service is called so.
const mailService = "smtp"

// headsDue: the services that something is due at, and of which ranks. The recursion steps from one to the next in the
// index; reading every waiting row only to learn that there are three services would be slow just when much waits.
const headsDue = `
with recursive heads (service, rank) as (
  select '', cast(-1 as bigint)
  union all
  select d.service, d.rank
  from   heads h
  join   deliveries d on d.id = (select n.id from deliveries n where n.finished_at is null and (n.service, n.rank) > (h.service, h.rank)
                                 order by n.service, n.rank limit 1))
select service, rank from heads
where  (service = '` + mailService + `') = ?
and    exists (select 1 from deliveries d where d.service = heads.service and d.rank = heads.rank and d.finished_at is null
               and d.turn <= ? and d.due_at <= ? and d.leased_until <= ?)
order  by service, rank`

// claimOfHead: its index is read in the order of the claim, so that a claim costs what it takes, not what waits.
const claimOfHead = `
update deliveries set leased_until = ?
where  id in (select id from deliveries where service = ? and rank = ? and finished_at is null and turn <= ? and due_at <= ? and leased_until <= ?
              order by turn, due_at limit ?`

// Within a rank, deliveries go in the order of their turns. The first of a kita's has its turn when it is due, each further
// one 20 ms after the one before, those of the kita's other notices of the last minute counted: as if each kita had a line of
// its own that lets 50 go in a second. Who tells 10,000 is overtaken by who tells 20, and nobody waits while nobody else
// does: a turn is a place in the order, not a time to wait for. This is fair queueing by virtual time (Demers, Keshav and
// Shenker, 1989; Zhang's VirtualClock, 1990), settled once, when the row is written: a claim stays one range of an index
// however many kitas there are.
const (
	turnOf = `20 * case when cast(? as bigint) * count(*) over () + row_number() over () <= 60000
            then cast(? as bigint) * count(*) over () + row_number() over () - 1 else 60000 end`
	// turnSpan is how far a turn can lie behind the time it is due: what turnOf stops at, and a little.
	turnSpan = 21 * time.Minute
	aheadFor = time.Minute
	// aheadOf counts the kita's other notices of the last minute; each is taken to tell as many as this one.
	aheadOf = `select count(*) from notices n where n.kita_id = ? and n.publish_at > ? and n.publish_at <= ? and n.id <> ?`
)

const claimedDeliveries = `
select d.id, d.kita_id, d.account_id, d.recipient_id, d.absence_id, d.channel, d.service, d.kind, d.rank, d.attempts, d.shortened, d.expires_at,
       d.leased_until, d.subscription_id, coalesce(p.endpoint, '') as endpoint, coalesce(p.p256dh, '') as p256dh, coalesce(p.auth, '') as auth,
       coalesce(a.language, g.language, st.language, 'de') as language,
       coalesce(a.sound, 'all') as sound,
       coalesce(nullif(g.email, ''), nullif(st.email, ''), a.login, '') as email,
       coalesce(g.first_name || ' ' || g.last_name, st.first_name || ' ' || st.last_name, a.name, '') as person,
       (select count(*) from recipients u where u.account_id = d.account_id and u.opened_at is null and not u.withdrawn) as unread,
       coalesce(k.name, '') as kita_name, coalesce(k.title_only, false) as title_only,
       coalesce((select min(gr.name) from placements pl join groups gr on gr.id = pl.group_id
                 join staff_groups sg on sg.group_id = gr.id join staff sf on sf.id = sg.staff_id
                 where pl.child_id = ab.child_id and pl.from_day <= ab.to_day and pl.to_day >= ab.from_day and sf.account_id = d.account_id), '') as group_name,
       ab.withdrawn_at is not null as withdrawn,
       r.notice_id as notice_id
from   deliveries d
left   join subscriptions p on p.id = d.subscription_id
left   join accounts a on a.id = d.account_id
left   join kitas k on k.id = d.kita_id
left   join absences ab on ab.id = d.absence_id
left   join recipients r on r.id = d.recipient_id
left   join guardians g on g.id = r.guardian_id
left   join staff st on st.id = r.staff_id
where  d.id in (?)
order  by d.rank, d.turn, d.id`

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
// way, nor a kita that tells many in that of one that tells few. Where something is urgent, only that is taken.
func (s *Store) SystemClaimDeliveries(ctx context.Context, channel string, limit int, room map[string]Room) ([]Delivery, error) {
	now := s.Now()
	heads, err := list[head](ctx, s.db, headsDue, channel == ChannelEmail, kita.At(now.Add(turnSpan)), now, now)
	if err != nil || len(heads) == 0 {
		return nil, err
	}
	lease := Lease
	if channel == ChannelEmail {
		lease = MailLease
	}
	// What is urgent is taken by itself: it does not wait until a thousand others have been read with it.
	if urgent := slices.DeleteFunc(slices.Clone(heads), func(h head) bool { return h.Rank >= RankOrdinary || room[h.Service] == RoomNone }); len(urgent) > 0 {
		heads = urgent
	}
	var ids []kita.ID
	for len(heads) > 0 {
		n := 1
		for n < len(heads) && heads[n].Service == heads[0].Service {
			n++
		}
		of := heads[:n]
		heads = heads[n:]
		switch room[of[0].Service] {
		case RoomNone:
			continue
		case RoomUrgent:
			of = slices.DeleteFunc(of, func(h head) bool { return h.Rank >= RankOrdinary })
		}
		if len(of) == 0 {
			continue
		}
		var taken []kita.ID
		if err = s.writeAs(ctx, s.engine.rowOptions(), func(tx *Tx) (err error) {
			taken, err = s.claim(tx, of, limit, lease)
			return err
		}); err != nil {
			break // what was taken before is sent nevertheless
		}
		ids = append(ids, taken...)
	}
	if len(ids) == 0 {
		return nil, err
	}
	claimed, err := listIn[Delivery](ctx, s.db, claimedDeliveries, ids)
	if err != nil {
		return nil, err
	}
	return claimed, s.withNotices(ctx, claimed)
}

// head is where the deliveries of a service and a rank begin.
type head struct {
	Service string `db:"service"`
	Rank    int    `db:"rank"`
}

// claim takes up to limit of one service's, rank by rank.
func (s *Store) claim(tx *Tx, of []head, limit int, lease time.Duration) (ids []kita.ID, err error) {
	for _, h := range of {
		if len(ids) >= limit {
			break
		}
		more, err := list[kita.ID](tx.ctx, tx, claimOfHead+s.engine.claimLock()+`)
returning id`, kita.At(tx.now.Add(lease)), h.Service, h.Rank, kita.At(tx.now.Add(turnSpan)), tx.now, tx.now, limit-len(ids))
		if err != nil {
			return nil, err
		}
		ids = append(ids, more...)
	}
	return ids, nil
}

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
	rows, err := listIn[struct {
		ID kita.ID `db:"id"`
		NoticeText
	}](ctx, s.db, `select id, kind as notice_kind, title, body, language as notice_language, corrected_at is not null as corrected, discretion
from notices where id in (?)`, ids)
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

// addressed: the person of a recipient r is still somebody to be told of the notice: a colleague at work, or a guardian
// of one of its children whom no ban and no change of rights keeps from it. The second record of the same person is asked
// for by itself, so that both are found by keys whatever the planner knows of the tables.
const addressed = `
(exists (select 1 from staff s join kitas k on k.id = s.kita_id where s.id = r.staff_id and s.archived_at is null and k.archived_at is null)
 or exists (select 1 from guardians g where g.id = r.guardian_id and g.archived_at is null)
    and (exists (select 1 from recipient_children rc join told t on t.guardian_id = r.guardian_id and t.child_id = rc.child_id
                 where rc.recipient_id = r.id)
         or exists (select 1 from recipient_children rc join told t on t.account_id = r.account_id and t.child_id = rc.child_id
                    where rc.recipient_id = r.id)))`

// stillWanted: what is asked right before sending. A notice must be public and unread by this person since it was last
// announced, the person still be somebody to be told; of an absence what is said must still be so, and the colleague have
// to do with the child, which is asked for separately ('absence'); a test needs nothing but its device.
const stillWanted = `
select d.id as id, d.leased_until as leased_until, coalesce(d.account_id, '') as account_id, coalesce(ab.child_id, '') as child_id,
       coalesce(ab.from_day, '') as from_day, case
  when d.finished_at is not null then 'finished'
  when d.channel = 'push' and not exists (select 1 from subscriptions p where p.id = d.subscription_id and p.account_id = d.account_id) then 'gone'
  when d.channel = 'push' and exists (select 1 from accounts a where a.id = d.account_id and a.disabled_at is not null) then 'cancelled'
  when d.kind = 'test' then ''
  when d.kind = 'absence' then case when ab.withdrawn_at is null or d.created_at >= ab.withdrawn_at then 'absence' else 'cancelled' end
  when r.id is null or r.withdrawn or d.channel = 'push' and coalesce(r.account_id, '') <> coalesce(d.account_id, '') then 'cancelled'
  when not exists (select 1 from notices n where n.id = r.notice_id and n.state = 'published') then 'cancelled'
  when d.kind = 'reminder' and r.confirmed_at is not null then 'cancelled'
  when d.kind <> 'reminder' and r.opened_at is not null then 'cancelled'
  when d.channel = 'email' and r.shown_at is not null then 'cancelled'
  when not ` + addressed + ` then 'cancelled'
  else '' end as outcome
from   deliveries d
left   join absences ab on ab.id = d.absence_id
left   join recipients r on r.id = d.recipient_id
where  d.id in (?)`

// worksWith: SQLite carries values into the branches of the view reach, but no columns of another table: asked within
// stillWanted, this would read every family of the house.
const worksWith = `
select count(*) from reach r
where  r.account_id = ? and r.child_id = ? and r.until_day >= ? and r.cares and r.through in ('leader', 'educator')`

// SystemStillWanted asks, right before sending, which of the claimed deliveries may still go: the outcome is empty for
// those that may, otherwise what is to be noted instead; OutcomeFinished where somebody else has finished one, or holds
// it since the claim ran out.
func (s *Store) SystemStillWanted(ctx context.Context, claimed []Delivery) (map[kita.ID]string, error) {
	if len(claimed) == 0 {
		return nil, nil
	}
	// As many places as the next power of two: few statements, each of which is prepared and planned once.
	ids := make([]kita.ID, 1<<bits.Len(uint(len(claimed)-1)))
	for i := range ids {
		ids[i] = claimed[i%len(claimed)].ID
	}
	rows, err := listIn[struct {
		ID          kita.ID      `db:"id"`
		LeasedUntil kita.Instant `db:"leased_until"`
		AccountID   kita.ID      `db:"account_id"`
		ChildID     kita.ID      `db:"child_id"`
		FromDay     kita.Day     `db:"from_day"`
		Outcome     string       `db:"outcome"`
	}](ctx, s.db, stillWanted, ids)
	if err != nil {
		return nil, err
	}
	leases := make(map[kita.ID]kita.Instant, len(claimed))
	for _, d := range claimed {
		leases[d.ID] = d.LeasedUntil
	}
	outcomes := make(map[kita.ID]string, len(claimed))
	for _, d := range claimed {
		outcomes[d.ID] = OutcomeFinished // until it is found, and held by this claim
	}
	for _, r := range rows {
		if !r.LeasedUntil.Equal(leases[r.ID].Time) {
			continue
		}
		if r.Outcome == "absence" {
			works, err := get[int](ctx, s.db, worksWith, r.AccountID, r.ChildID, r.FromDay)
			if err != nil {
				return nil, err
			}
			if r.Outcome = ""; works == 0 {
				r.Outcome = OutcomeCancelled
			}
		}
		outcomes[r.ID] = r.Outcome
	}
	return outcomes, nil
}
