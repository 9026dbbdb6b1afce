package demo

import (
	"container/heap"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/files"
)

// play lets a month pass at the kitas: the teams and the parents do what they do, at the time they do it, and the house's
// own jobs run when they are due. All of it goes through the store as it would from the API; only who read what is kept by
// the batch, because thousands of transactions would make the first start a long one.
type play struct {
	ctx   context.Context
	store *store.Store
	files files.Store
	house *house
	cal   *calendar
	clock *clock

	queue    queue
	seq      int
	signs    []store.Sign // not yet kept
	actors   map[kita.ID]*actor
	progress func(string)
}

// clock is the store's clock while the demo is made.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// actor is somebody who is signed in.
type actor struct {
	kita.Account
	token  string
	viewer kita.Viewer
}

// event is something that happens at a time: a sign of a recipient, or whatever do does. Two at the same time happen in
// the order in which they were planned.
type event struct {
	at   time.Time
	seq  int
	sign *store.Sign
	do   func() error
}

type queue []event

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].seq < q[j].seq
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// plan has do happen at t. What lies ahead of the demo's present never happens.
func (p *play) plan(t time.Time, do func() error) { p.push(event{at: t, do: do}) }

// expect plans a sign.
func (p *play) expect(t time.Time, notice, account kita.ID, kind kita.RecipientState) {
	p.push(event{at: t, sign: &store.Sign{NoticeID: notice, AccountID: account, At: kita.At(t), Kind: kind}})
}

func (p *play) push(e event) {
	if e.at.After(p.cal.now) {
		return
	}
	p.seq++
	e.seq = p.seq
	heap.Push(&p.queue, e)
}

// run lets everything planned happen, with the store's clock at its time.
func (p *play) run() error {
	from := p.clock.now
	month := p.cal.now.Sub(from)
	told := 0
	for len(p.queue) > 0 {
		e := heap.Pop(&p.queue).(event)
		p.clock.now = e.at
		if e.sign != nil {
			p.signs = append(p.signs, *e.sign)
			continue
		}
		// What follows may look at who has read what.
		if err := p.keep(); err != nil {
			return err
		}
		if err := e.do(); err != nil {
			return fmt.Errorf("demo, %s: %w", e.at.In(p.cal.zone).Format("02.01. 15:04"), err)
		}
		if quarter := int(4 * e.at.Sub(from) / month); quarter > told && quarter < 4 {
			told = quarter
			p.progress(fmt.Sprintf("a month of notices and absences: %d %%", 25*told))
		}
	}
	p.clock.now = p.cal.now
	return p.keep()
}

func (p *play) keep() error {
	if len(p.signs) == 0 {
		return nil
	}
	signs := p.signs
	p.signs = nil
	return p.store.SystemSigns(p.ctx, signs)
}

// signIn opens a browser for every account that is used, and gives most of them a device.
func (p *play) signIn() error {
	var devices []kita.Subscription
	for _, a := range p.house.rows.Accounts {
		token := rand.Text()
		if _, err := p.store.SystemStartSession(p.ctx, a.ID, token, ""); err != nil {
			return err
		}
		v, err := p.store.SessionViewer(p.ctx, token)
		if err != nil {
			return err
		}
		p.actors[a.ID] = &actor{a, token, v}
		if v.Has(kita.RoleLeader, kita.RoleEducator) || v.Has(kita.RoleGuardian) && chance("device", a.Name) < 0.86 {
			session := v.SessionID()
			devices = append(devices, kita.Subscription{ID: kita.NewID(), AccountID: a.ID, SessionID: &session,
				Endpoint: "https://push.example/" + token, Name: "Telefon", CreatedAt: kita.At(p.clock.now)})
		}
	}
	return p.store.SystemPopulate(p.ctx, store.Population{Subscriptions: devices})
}

// signOut ends all sessions. Their devices go with them: nothing will ever be sent to where they pretended to be.
func (p *play) signOut() error {
	for _, who := range p.actors {
		if err := p.store.EndSession(p.ctx, who.viewer, who.viewer.SessionID()); err != nil {
			return err
		}
	}
	return nil
}

// as is the named person at this moment: what a viewer may do depends on the day.
func (p *play) as(name string) (kita.Viewer, error) {
	a, ok := p.house.accounts[name]
	if !ok {
		return kita.Viewer{}, fmt.Errorf("nobody is called %s", name)
	}
	return p.store.SessionViewer(p.ctx, p.actors[a.ID].token)
}

// tick does what is due: jobs, and pushes, which the demo takes in as the push services would.
func (p *play) tick() error {
	for {
		jobs, err := p.store.SystemClaimJobs(p.ctx, 100)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if err := p.runJob(j); err != nil {
				return err
			}
		}
		if len(jobs) == 0 {
			return p.deliver()
		}
	}
}

func (p *play) runJob(j store.Job) error {
	if j.Kind != "escalate" {
		return fmt.Errorf("a job of kind %s is due already", j.Kind)
	}
	again, err := p.store.SystemEscalate(p.ctx, j.SubjectID, false)
	if err != nil {
		return err
	}
	if !again.IsZero() {
		p.plan(again.Time, p.tick)
	}
	return p.store.SystemFinishJob(p.ctx, j)
}

// newPhone is somebody whose old phone stops taking pushes in the middle of the month.
const newPhone = "Yvonne Busch"

func (p *play) deliver() error {
	for {
		due, err := p.store.SystemClaimDeliveries(p.ctx, "push", 500, nil)
		if err != nil || len(due) == 0 {
			return err
		}
		wanted, err := p.store.SystemStillWanted(p.ctx, due)
		if err != nil {
			return err
		}
		batch := make([]store.Completion, len(due))
		for i, d := range due {
			c := store.Completion{ID: d.ID, RecipientID: d.RecipientID, Subscription: d.SubscriptionID, Channel: d.Channel, Service: d.Service,
				Lease: d.LeasedUntil, Outcome: wanted[d.ID]}
			switch {
			case c.Outcome != "":
			case p.actors[*d.AccountID].Name == newPhone && p.clock.now.After(p.cal.at(p.cal.ago(9), "00:00")):
				c.Outcome, c.Status = store.OutcomeGone, 410
			default:
				c.Outcome, c.Status = store.OutcomeAccepted, 201
				p.show(d)
			}
			batch[i] = c
		}
		if err := p.store.SystemComplete(p.ctx, batch); err != nil {
			return err
		}
	}
}

// show has the device of a delivery say that it showed it: soon, or hours later where it was off, or never. Telephones
// that show pushes by themselves (Declarative Web Push) do not say so.
func (p *play) show(d store.Delivery) {
	name := p.actors[*d.AccountID].Name
	if d.NoticeID == nil || chance("silent device", name) < 0.2 {
		return
	}
	luck := chance("shown", d.Title, string(d.Body), d.Kind, name)
	at := p.clock.now.Add(2*time.Second + time.Duration(luck*20*float64(time.Second)))
	switch {
	case luck > 0.97:
		return
	case luck > 0.9:
		at = p.clock.now.Add(3*time.Hour + time.Duration(luck*4*float64(time.Hour)))
	}
	p.expect(at, *d.NoticeID, *d.AccountID, kita.StateShown)
}

// published looks after a notice that went out just now: its pushes, and later those who gave no sign of it.
func (p *play) published(n kita.Notice) error {
	now := p.clock.now
	k, err := p.store.Kita(p.ctx, p.actors[n.AuthorID].viewer, n.KitaID)
	if err != nil {
		return err
	}
	due := k.EscalatesAt(n.Kind, now)
	for _, at := range []time.Time{now.Add(2 * time.Second), p.cal.at(kita.DayOf(now, p.cal.zone).Add(1), "06:30"), due} {
		p.plan(at, p.tick)
	}
	if n.Kind == kita.NoticeUrgent || n.Kind == kita.NoticeClosure {
		p.plan(due.Add(25*time.Minute), func() error { return p.ring(n) })
	}
	leader, err := p.leaderOf(n.KitaID)
	if err != nil {
		return err
	}
	return p.eachRecipient(n.ID, leader, "", func(r kita.Recipient) error {
		if r.AccountID != nil && *r.AccountID != n.AuthorID {
			p.react(n, p.actors[*r.AccountID])
		}
		return nil
	})
}

func (p *play) leaderOf(kitaID kita.ID) (kita.Viewer, error) {
	name := "Petra Lindemann"
	if kitaID == p.house.kitas[regenbogen].ID {
		name = "Manuela Fritsche"
	}
	return p.as(name)
}

func (p *play) eachRecipient(notice kita.ID, leader kita.Viewer, state kita.RecipientState, f func(kita.Recipient) error) error {
	filter := store.RecipientFilter{State: state, PageRequest: store.PageRequest{Limit: 100}}
	for {
		page, err := p.store.Recipients(p.ctx, leader, notice, filter)
		if err != nil {
			return err
		}
		for _, r := range page.Items {
			if err := f(r); err != nil {
				return err
			}
		}
		if filter.After = page.Next; page.Next == "" {
			return nil
		}
	}
}

// ring has the leader go through the call list: most are reached.
func (p *play) ring(n kita.Notice) error {
	leader, err := p.leaderOf(n.KitaID)
	if err != nil {
		return err
	}
	return p.eachRecipient(n.ID, leader, kita.StateCallList, func(r kita.Recipient) error {
		if chance("called", r.Name) > 0.8 {
			return nil
		}
		return p.store.MarkCalled(p.ctx, leader, n.ID, r.ID, true)
	})
}

// react plans what somebody does with a notice: most open it, sooner or later, and most of those confirm when asked.
func (p *play) react(n kita.Notice, who *actor) {
	now, key := p.clock.now, n.Title+string(n.Body)
	if who.Name == demoParent {
		if at := now.Add(40 * time.Minute); at.Before(p.cal.at(p.cal.ago(3), "00:00")) {
			p.expect(at, n.ID, who.ID, kita.StateOpened)
		}
		return
	}
	diligent, luck := chance("diligent", who.Name), chance("opens", key, who.Name)
	reads := 0.99 - 0.6*diligent*diligent*diligent
	if who.viewer.Has(kita.RoleLeader, kita.RoleEducator) {
		reads = 1
	}
	if n.Kind == kita.NoticeUrgent {
		reads = 0.96
	}
	if luck > reads {
		return
	}
	kind := kita.StateOpened
	if n.ConfirmWanted && chance("confirms", key, who.Name) < 0.85 {
		kind = kita.StateConfirmed
	}
	p.expect(p.opensAt(n, now, chance("when", key, who.Name)), n.ID, who.ID, kind)
}

// opensAt spreads the readers: at once, when they fetch their child, in the evening, at breakfast.
func (p *play) opensAt(n kita.Notice, now time.Time, luck float64) time.Time {
	day, spread := kita.DayOf(now, p.cal.zone), time.Duration(luck*1e6)%1000*time.Second
	within := func(day kita.Day, from kita.Clock) time.Time {
		at := p.cal.at(day, from).Add(7 * spread)
		if at.Before(now.Add(time.Minute)) {
			return now.Add(time.Minute + spread)
		}
		return at
	}
	switch {
	case n.Kind == kita.NoticeUrgent:
		return now.Add(time.Minute + spread)
	case luck < 0.45:
		return now.Add(time.Minute + 2*spread)
	case luck < 0.70:
		return within(day, "15:20")
	case luck < 0.92:
		return within(day, "19:15")
	}
	return within(day.Add(1), "06:40")
}

// remind asks those once more who have not confirmed; two of three then do.
func (p *play) remind(n kita.Notice, leader kita.Viewer) error {
	if _, err := p.store.Remind(p.ctx, leader, n.ID); err != nil {
		return err
	}
	now := p.clock.now
	p.plan(now.Add(2*time.Second), p.tick)
	return p.eachRecipient(n.ID, leader, "", func(r kita.Recipient) error {
		if r.AccountID == nil || r.ConfirmedAt != nil || *r.AccountID == n.AuthorID {
			return nil
		}
		who := p.actors[*r.AccountID]
		luck := chance("reminded", n.Title, who.Name)
		if who.Name != demoParent && luck < 0.66 {
			p.expect(now.Add(3*time.Minute+time.Duration(luck*float64(6*time.Hour))), n.ID, who.ID, kita.StateConfirmed)
		}
		return nil
	})
}

// settled tells what of the month is left that should be done by now.
func (p *play) settled() error {
	q, err := p.store.SystemQueue(p.ctx)
	if err == nil && q.Pushes+q.Emails+q.Jobs > 0 {
		err = errors.New("the demo left something behind that is due")
	}
	return err
}
