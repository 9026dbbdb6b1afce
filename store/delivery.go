package store

import (
	"context"
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

// addressed: the person of a recipient r is still somebody to be told of the notice: a colleague at work, or a guardian
// of one of its children whom no ban and no change of rights keeps from it. The second record of the same person is asked
// for by itself, so that both are found by keys whatever the planner knows of the tables. Nor is it asked whether there
// "exists" one: PostgreSQL may then put all that exist into a table first.
const addressed = `
((select 1 from staff s join kitas k on k.id = s.kita_id where s.kita_id = r.kita_id and s.id = r.staff_id and s.archived_at is null and k.archived_at is null) is not null
 or (select 1 from guardians g where g.kita_id = r.kita_id and g.id = r.guardian_id and g.archived_at is null) is not null
    and ((select 1 from recipient_children rc join told t on t.kita_id = rc.kita_id and t.guardian_id = r.guardian_id and t.child_id = rc.child_id
          where rc.kita_id = r.kita_id and rc.recipient_id = r.id limit 1) is not null
         or (select 1 from recipient_children rc join told t on t.kita_id = rc.kita_id and t.account_id = r.account_id and t.child_id = rc.child_id
             where rc.kita_id = r.kita_id and rc.recipient_id = r.id limit 1) is not null))`

// stillWanted: what is asked right before sending. A notice must be public and unread by this person since it was last
// announced, the person still be somebody to be told; of an absence what is said must still be so, and the colleague have
// to do with the child, which is asked for separately ('absence'); a test needs nothing but its device.
const stillWanted = `
select d.id as id, d.leased_until as leased_until, coalesce(d.account_id, '') as account_id, coalesce(ab.child_id, '') as child_id,
       coalesce(ab.from_day, '') as from_day, case
  when d.finished_at is not null then 'finished'
  when d.channel = 'push' and (select 1 from subscriptions p where p.id = d.subscription_id and p.account_id = d.account_id) is null then 'gone'
  when d.channel = 'push' and (select 1 from accounts a where a.id = d.account_id and a.disabled_at is not null) is not null then 'cancelled'
  when d.kind = 'test' then ''
  when d.kind = 'absence' then case when ab.withdrawn_at is null or d.created_at >= ab.withdrawn_at then 'absence' else 'cancelled' end
  when r.id is null or r.withdrawn or d.channel = 'push' and coalesce(r.account_id, '') <> coalesce(d.account_id, '') then 'cancelled'
  when (select 1 from notices n where n.kita_id = r.kita_id and n.id = r.notice_id and n.state = 'published') is null then 'cancelled'
  when d.kind = 'reminder' and r.confirmed_at is not null then 'cancelled'
  when d.kind <> 'reminder' and r.opened_at is not null then 'cancelled'
  when d.channel = 'email' and r.shown_at is not null then 'cancelled'
  when not ` + addressed + ` then 'cancelled'
  else '' end as outcome
from   deliveries d
left   join absences ab on ab.kita_id = d.kita_id and ab.id = d.absence_id
left   join recipients r on r.kita_id = d.kita_id and r.id = d.recipient_id
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
	ids := make([]kita.ID, len(claimed))
	for i, d := range claimed {
		ids[i] = d.ID
	}
	rows, err := listAmong[struct {
		ID          kita.ID      `db:"id"`
		LeasedUntil kita.Instant `db:"leased_until"`
		AccountID   kita.ID      `db:"account_id"`
		ChildID     kita.ID      `db:"child_id"`
		FromDay     kita.Day     `db:"from_day"`
		Outcome     string       `db:"outcome"`
	}](ctx, s.outbox, s.outbox.reader, stillWanted, ids)
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
			works, err := get[int](ctx, s.outbox.reader, worksWith, r.AccountID, r.ChildID, r.FromDay)
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
