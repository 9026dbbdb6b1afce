package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/notify/pushtest"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// sunny is a kita with two groups and the families that are hard: siblings, separated parents, a ban, a parent at work there.
type sunny struct {
	w                                    *storetest.World
	s                                    *store.Store
	clock                                *storetest.Clock
	kita                                 *storetest.KitaB
	bears, hedgehogs                     *storetest.GroupB
	leader, educator, other, parentStaff *storetest.StaffB
	mia, ben, can                        *storetest.ChildB
	mum, dad, banned, canMum, noAccount  *storetest.GuardianB
}

func newSunny(t *testing.T, s *store.Store, c *storetest.Clock) *sunny {
	t.Helper()
	w := storetest.NewWorld(t, s)
	x := &sunny{w: w, s: s, clock: c}
	x.kita = w.Kita("Sonnenschein")
	x.bears, x.hedgehogs = x.kita.Group("Bären"), x.kita.Group("Igel")
	x.leader = x.kita.Leader("Lea")
	x.educator, x.other = x.kita.Educator("Edda", x.bears), x.kita.Educator("Otto", x.hedgehogs)
	x.mia, x.ben, x.can = x.bears.Child("Mia"), x.hedgehogs.Child("Ben"), x.bears.Child("Can")
	x.mum = x.mia.Guardian("Mama").Of(x.ben)
	x.dad = x.mia.Guardian("Papa").Of(x.ben)
	x.banned = x.mia.Guardian("Onkel").Of(x.can)
	x.banned.BannedFrom(x.mia)
	x.canMum = x.can.Guardian("Ayse")
	x.noAccount = x.kita.GuardianOf(nil, "Oma").Of(x.can)
	x.parentStaff = x.kita.Educator("Petra", x.hedgehogs)
	x.kita.GuardianOf(x.parentStaff.AccountID, "Petra").Of(x.mia)
	w.Live()
	return x
}

func (x *sunny) notice(kind kita.NoticeKind, audience kita.AudienceKind, targets ...kita.ID) kita.Notice {
	return kita.Notice{ID: kita.NewID(), KitaID: x.kita.ID, Kind: kind, Title: "Ausflug in den Wald", Body: "Bitte **Gummistiefel** mitbringen.",
		Language: "de", AudienceKind: audience, Targets: targets}
}

func post(t *testing.T, x *sunny, by *storetest.StaffB, n kita.Notice) kita.Notice {
	t.Helper()
	n, _, err := x.s.CreateNotice(context.Background(), x.w.Viewer(*by.AccountID), n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func inboxOf(t *testing.T, x *sunny, account kita.ID) []store.Received {
	t.Helper()
	p, err := x.s.Inbox(context.Background(), x.w.Viewer(account), store.NoticeFilter{})
	if err != nil {
		t.Fatal(err)
	}
	return p.Items
}

func TestNoticeReachesEachPersonOnceWithTheChildrenItIsAbout(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		x := newSunny(t, s, c)
		post(t, x, x.leader, x.notice(kita.NoticeNews, kita.AudienceKita))
		for _, who := range []struct {
			name    string
			account kita.ID
			about   []kita.ID
		}{
			{"mum of siblings", *x.mum.AccountID, []kita.ID{x.mia.ID, x.ben.ID}},
			{"dad of siblings", *x.dad.AccountID, []kita.ID{x.mia.ID, x.ben.ID}},
			{"banned from Mia, not from Can", *x.banned.AccountID, []kita.ID{x.can.ID}},
			{"educator who is a parent", *x.parentStaff.AccountID, []kita.ID{x.mia.ID}},
		} {
			got := inboxOf(t, x, who.account)
			if len(got) != 1 {
				t.Fatalf("%s finds %d notices", who.name, len(got))
			}
			slices.Sort(who.about)
			if !slices.Equal(got[0].Children, who.about) {
				t.Errorf("%s: it is about %v, want %v", who.name, got[0].Children, who.about)
			}
		}
		if got := inboxOf(t, x, *x.educator.AccountID); len(got) != 0 {
			t.Errorf("the educator, no parent, finds %d", len(got))
		}
	})
}

func TestBannedGuardianReceivesNothingOfThatChild(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		x := newSunny(t, s, c)
		post(t, x, x.leader, x.notice(kita.NoticeNews, kita.AudienceChildren, x.mia.ID))
		if got := inboxOf(t, x, *x.banned.AccountID); len(got) != 0 {
			t.Fatalf("the banned guardian finds %d", len(got))
		}
		if got := inboxOf(t, x, *x.mum.AccountID); len(got) != 1 {
			t.Fatalf("the mother finds %d", len(got))
		}
	})
}

func TestPreviewPromisesWhatPublicationDoes(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := context.Background()
		x := newSunny(t, s, c)
		for _, a := range []kita.Notice{x.notice(kita.NoticeNews, kita.AudienceKita), x.notice(kita.NoticeNews, kita.AudienceGroups, x.bears.ID),
			x.notice(kita.NoticeNews, kita.AudienceChildren, x.can.ID, x.mia.ID), x.notice(kita.NoticeNews, kita.AudienceStaff)} {
			draft := a
			draft.ID = kita.NewID()
			p, err := s.Preview(ctx, x.w.Viewer(*x.leader.AccountID), draft)
			if err != nil {
				t.Fatal(err)
			}
			n := post(t, x, x.leader, a)
			all, err := s.Recipients(ctx, x.w.Viewer(*x.leader.AccountID), n.ID, store.RecipientFilter{PageRequest: store.PageRequest{Limit: 100}})
			if err != nil {
				t.Fatal(err)
			}
			if p.Recipients != len(all.Items) {
				t.Errorf("%s: %d promised, %d written", a.AudienceKind, p.Recipients, len(all.Items))
			}
			if a.AudienceKind != kita.AudienceKita {
				continue
			}
			// The uncle, banned from Mia, ties nobody of hers to Can's people.
			if p.Families != 2 || p.Children != 3 || len(p.NoDevice) != 6 || len(p.Banned) != 1 || p.Banned[0].Reason == "" {
				t.Errorf("the preview is %+v", p)
			}
		}
		p, err := s.Preview(ctx, x.w.Viewer(*x.educator.AccountID), x.notice(kita.NoticeNews, kita.AudienceGroups, x.bears.ID))
		if err != nil || len(p.Banned) != 0 {
			t.Errorf("an educator is told of bans: %+v %v", p.Banned, err)
		}
		if rows, err := s.Notices(ctx, x.w.Viewer(*x.leader.AccountID), store.NoticeFilter{}); err != nil || len(rows.Items) != 4 {
			t.Errorf("previews left something behind: %d notices, %v", len(rows.Items), err)
		}
	})
}

func TestOnlyThoseMayPostWhoAnswerForTheAudience(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := context.Background()
		x := newSunny(t, s, c)
		w := storetest.NewWorld(t, s)
		elsewhere := w.Kita("Mond")
		foreign := elsewhere.Group("Füchse")
		stranger := elsewhere.Leader("Luna")
		w.Live()
		target := kita.Invalid("audience.targets", "audience.target_unknown")
		for _, try := range []struct {
			name string
			by   kita.ID
			n    kita.Notice
			want error
		}{
			{"leader to all", *x.leader.AccountID, x.notice("news", "kita"), nil},
			{"educator to her group", *x.educator.AccountID, x.notice("news", "groups", x.bears.ID), nil},
			{"educator to a child of hers", *x.educator.AccountID, x.notice("news", "children", x.mia.ID), nil},
			{"educator to the team", *x.educator.AccountID, x.notice("news", "staff"), nil},
			{"educator to all", *x.educator.AccountID, x.notice("news", "kita"), kita.Invalid("audience.kind", "audience.own_groups")},
			{"educator to another group", *x.educator.AccountID, x.notice("news", "groups", x.hedgehogs.ID), target},
			{"educator to a child of another group", *x.educator.AccountID, x.notice("news", "children", x.ben.ID), target},
			{"leader to another kita's group", *x.leader.AccountID, x.notice("news", "groups", foreign.ID), target},
			{"leader of another kita", *stranger.AccountID, x.notice("news", "kita"), kita.ErrNotFound},
			{"parent", *x.mum.AccountID, x.notice("news", "kita"), kita.ErrNotFound},
		} {
			_, _, err := s.CreateNotice(ctx, w.Viewer(try.by), try.n)
			if try.want == nil && err != nil || try.want != nil && !matches(err, try.want) {
				t.Errorf("%s: %v, want %v", try.name, err, try.want)
			}
		}
	})
}

// matches looks for want in err, one or many.
func matches(err, want error) bool {
	var many kita.Errors
	if errors.As(err, &many) {
		for _, e := range many {
			if errors.Is(e, want) {
				return true
			}
		}
	}
	return errors.Is(err, want)
}

func TestWithdrawnNoticeIsGoneForGuardiansAndStaysForTheTeam(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := context.Background()
		x := newSunny(t, s, c)
		n := post(t, x, x.educator, x.notice("news", "groups", x.bears.ID))
		if _, err := s.WithdrawNotice(ctx, x.w.Viewer(*x.other.AccountID), n.ID); !errors.Is(err, kita.ErrNotFound) {
			t.Fatalf("an educator of another group withdraws: %v", err)
		}
		if _, err := s.WithdrawNotice(ctx, x.w.Viewer(*x.leader.AccountID), n.ID); err != nil {
			t.Fatal(err)
		}
		if got := inboxOf(t, x, *x.mum.AccountID); len(got) != 0 {
			t.Error("a withdrawn notice is in the inbox")
		}
		if _, err := s.InboxNotice(ctx, x.w.Viewer(*x.mum.AccountID), n.ID); !errors.Is(err, kita.ErrNotFound) {
			t.Errorf("a withdrawn notice is read: %v", err)
		}
		if p, err := s.NoticePosted(ctx, x.w.Viewer(*x.educator.AccountID), n.ID); err != nil || p.State != kita.NoticeWithdrawn {
			t.Errorf("its author: %v %v", p.State, err)
		}
	})
}

func TestCorrectionIsUnreadAgainAndKeepsWhatWasSaid(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := context.Background()
		x := newSunny(t, s, c)
		n := x.notice("closure", "kita")
		n.ConfirmWanted = true
		n = post(t, x, x.leader, n)
		mum := x.w.Viewer(*x.mum.AccountID)
		if _, err := s.MarkConfirmed(ctx, mum, n.ID, true); err != nil {
			t.Fatal(err)
		}
		title := "Ausflug in den Park"
		c.Advance(time.Minute)
		if _, err := s.CorrectNotice(ctx, x.w.Viewer(*x.leader.AccountID), n.ID, store.Correction{Title: &title, Announce: true}); err != nil {
			t.Fatal(err)
		}
		got, err := s.InboxNotice(ctx, mum, n.ID)
		if err != nil || got.Title != title || got.CorrectedAt == nil || got.OpenedAt != nil || got.ConfirmedAt != nil || got.Version != 2 {
			t.Errorf("after the correction: %+v %v", got, err)
		}
		old, err := s.Versions(ctx, x.w.Viewer(*x.leader.AccountID), n.ID)
		if err != nil || len(old) != 1 || old[0].Title != "Ausflug in den Wald" {
			t.Errorf("what it said before: %+v %v", old, err)
		}
		if old, err := s.Versions(ctx, mum, n.ID); err != nil || len(old) != 0 {
			t.Errorf("a guardian reads earlier versions: %+v %v", old, err)
		}
	})
}

func TestScheduledNoticeResolvesItsAudienceWhenItGoesOut(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := context.Background()
		x := newSunny(t, s, c)
		n := x.notice("news", "groups", x.bears.ID)
		n.PublishAt = kita.At(c.Now().Add(2 * time.Hour))
		n = post(t, x, x.educator, n)
		if got := inboxOf(t, x, *x.mum.AccountID); len(got) != 0 || n.State != kita.NoticeScheduled {
			t.Fatal("it is out before its time")
		}
		w := storetest.NewWorld(t, s)
		w.Rows().Bans = []kita.ContactBan{{ID: kita.NewID(), KitaID: x.kita.ID, GuardianID: x.dad.ID, ChildID: x.mia.ID, Reason: "Beschluss",
			EnteredBy: *x.leader.AccountID, EnteredAt: s.Now()}}
		w.Live()
		c.Advance(2 * time.Hour)
		jobs, err := s.SystemClaimJobs(ctx, 10)
		if err != nil || len(jobs) != 1 || jobs[0].Kind != "publish" || jobs[0].SubjectID != n.ID {
			t.Fatalf("jobs %+v %v", jobs, err)
		}
		for range 2 { // a job can run twice
			if err := s.SystemPublish(ctx, n.ID); err != nil {
				t.Fatal(err)
			}
		}
		if got := inboxOf(t, x, *x.mum.AccountID); len(got) != 1 {
			t.Errorf("the mother finds %d", len(got))
		}
		if got := inboxOf(t, x, *x.dad.AccountID); len(got) != 0 {
			t.Errorf("the father, banned since, finds %d", len(got))
		}
	})
}

// moveTo gives n another hour, as somebody of the team would.
func moveTo(t *testing.T, x *sunny, by *storetest.StaffB, n kita.Notice, at time.Time) kita.Notice {
	t.Helper()
	hour := kita.At(at)
	n, err := x.s.CorrectNotice(context.Background(), x.w.Viewer(*by.AccountID), n.ID, store.Correction{PublishAt: &hour, Announce: true})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// byTheClock does what the clock would: every job that is due.
func byTheClock(t *testing.T, x *sunny) (published int) {
	t.Helper()
	jobs, err := x.s.SystemClaimJobs(context.Background(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		if j.Kind == "publish" {
			published++
			if err := x.s.SystemPublish(context.Background(), j.SubjectID); err != nil {
				t.Fatal(err)
			}
		}
		if err := x.s.SystemFinishJob(context.Background(), j); err != nil {
			t.Fatal(err)
		}
	}
	return published
}

func TestScheduledNoticeGoesOutAtItsNewHour(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		x := newSunny(t, s, c)
		start := c.Now()
		scheduled := func(in time.Duration) kita.Notice {
			n := x.notice("news", "groups", x.bears.ID)
			n.PublishAt = kita.At(start.Add(in))
			return post(t, x, x.educator, n)
		}
		state := func(n kita.Notice) kita.NoticeState {
			p, err := s.NoticePosted(context.Background(), x.w.Viewer(*x.leader.AccountID), n.ID)
			if err != nil {
				t.Fatal(err)
			}
			return p.State
		}
		later, sooner := scheduled(2*time.Hour), scheduled(5*time.Hour)
		if n := moveTo(t, x, x.leader, later, start.Add(4*time.Hour)); n.State != kita.NoticeScheduled || n.Version != 1 || n.CorrectedAt != nil {
			t.Errorf("moved: %+v", n)
		}
		moveTo(t, x, x.educator, sooner, start.Add(time.Hour))
		for _, at := range []struct {
			hours         int
			later, sooner kita.NoticeState
		}{
			{0, "scheduled", "scheduled"}, {1, "scheduled", "published"}, {2, "scheduled", "published"}, {3, "scheduled", "published"},
			{4, "published", "published"}, {5, "published", "published"},
		} {
			c.Set(start.Add(time.Duration(at.hours) * time.Hour))
			byTheClock(t, x)
			if state(later) != at.later || state(sooner) != at.sooner {
				t.Errorf("after %d hours: %s, %s", at.hours, state(later), state(sooner))
			}
		}
		if got := inboxOf(t, x, *x.mum.AccountID); len(got) != 2 {
			t.Errorf("the mother finds %d", len(got))
		}
	})
}

func TestScheduledNoticeIsSentNowAndOnce(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		x := newSunny(t, s, c)
		n := x.notice("news", "groups", x.bears.ID)
		n.PublishAt = kita.At(c.Now().Add(2 * time.Hour))
		n = post(t, x, x.educator, n)
		c.Advance(time.Minute)
		now := moveTo(t, x, x.educator, n, time.Unix(0, 0))
		if now.State != kita.NoticePublished || now.PublishedAt == nil || !now.PublishedAt.Equal(c.Now()) || !now.PublishAt.Equal(c.Now()) || now.Version != 1 || now.CorrectedAt != nil {
			t.Errorf("sent now: %+v", now)
		}
		if got := inboxOf(t, x, *x.mum.AccountID); len(got) != 1 {
			t.Fatalf("the mother finds %d", len(got))
		}
		c.Advance(2 * time.Hour)
		if jobs := byTheClock(t, x); jobs != 0 {
			t.Errorf("%d jobs still wait to publish it", jobs)
		}
		var refused *kita.Error
		hour := kita.At(c.Now().Add(time.Hour))
		title := "Doch anders"
		_, err := s.CorrectNotice(context.Background(), x.w.Viewer(*x.educator.AccountID), n.ID, store.Correction{Title: &title, PublishAt: &hour, Announce: true})
		if !errors.As(err, &refused) || refused.Code != "notice.published" {
			t.Errorf("moved after it was out: %v", err)
		}
		if got := inboxOf(t, x, *x.mum.AccountID); len(got) != 1 || got[0].Title == title || got[0].CorrectedAt != nil {
			t.Errorf("half of it was done: %+v", got)
		}
	})
}

func TestScheduledNoticeThatWasWithdrawnNeverGoesOut(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := context.Background()
		x := newSunny(t, s, c)
		n := x.notice("news", "groups", x.bears.ID)
		n.PublishAt = kita.At(c.Now().Add(time.Hour))
		n = post(t, x, x.educator, n)
		if _, err := s.WithdrawNotice(ctx, x.w.Viewer(*x.educator.AccountID), n.ID); err != nil {
			t.Fatal(err)
		}
		c.Advance(time.Hour)
		if jobs := byTheClock(t, x); jobs != 0 {
			t.Errorf("%d jobs still wait to publish it", jobs)
		}
		if err := s.SystemPublish(ctx, n.ID); err != nil { // claimed before it was withdrawn
			t.Fatal(err)
		}
		hour := kita.At(c.Now().Add(time.Hour))
		if _, err := s.CorrectNotice(ctx, x.w.Viewer(*x.educator.AccountID), n.ID, store.Correction{PublishAt: &hour}); !matches(err, kita.Refused("notice.withdrawn")) {
			t.Errorf("moved after it was withdrawn: %v", err)
		}
		if got := inboxOf(t, x, *x.mum.AccountID); len(got) != 0 {
			t.Errorf("the mother finds %d", len(got))
		}
	})
}

// Between a node's claim of the job and its work the hour may be moved, or the notice sent.
func TestClaimedJobDoesNotPublishWhatWasMovedMeanwhile(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := context.Background()
		x := newSunny(t, s, c)
		n := x.notice("news", "groups", x.bears.ID)
		n.PublishAt = kita.At(c.Now().Add(time.Hour))
		n = post(t, x, x.educator, n)
		c.Advance(time.Hour)
		jobs, err := s.SystemClaimJobs(ctx, 10)
		if err != nil || len(jobs) != 1 {
			t.Fatalf("jobs %+v %v", jobs, err)
		}
		moveTo(t, x, x.educator, n, c.Now().Add(time.Hour))
		if err := s.SystemPublish(ctx, n.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.SystemFinishJob(ctx, jobs[0]); err != nil {
			t.Fatal(err)
		}
		if got := inboxOf(t, x, *x.mum.AccountID); len(got) != 0 {
			t.Fatal("it went out at the old hour")
		}
		c.Advance(time.Hour)
		if byTheClock(t, x) != 1 || len(inboxOf(t, x, *x.mum.AccountID)) != 1 {
			t.Error("it did not go out at the new hour")
		}
	})
}

func TestFeedIsNewestFirstPagedAndCountsUnread(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := context.Background()
		x := newSunny(t, s, c)
		var want []kita.ID
		for i := range 45 {
			if i%3 > 0 {
				c.Advance(time.Second) // every third at the very same moment as the one before
			}
			want = append(want, post(t, x, x.leader, x.notice("news", "kita")).ID)
		}
		v := x.w.Viewer(*x.mum.AccountID)
		var got []store.Received
		for after := ""; ; {
			p, err := s.Inbox(ctx, v, store.NoticeFilter{PageRequest: store.PageRequest{Limit: 10, After: after}})
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, p.Items...)
			if after = p.Next; after == "" {
				break
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d notices, want %d", len(got), len(want))
		}
		for i := 1; i < len(got); i++ {
			a, b := got[i-1], got[i]
			if a.ReceivedAt.Before(b.ReceivedAt.Time) || a.ReceivedAt.Equal(b.ReceivedAt.Time) && a.Notice.ID <= b.Notice.ID {
				t.Fatalf("not newest first at %d", i)
			}
		}
		if _, err := s.MarkOpened(ctx, v, want[3]); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Unread(ctx, v); err != nil || n != 44 {
			t.Errorf("%d unread, %v", n, err)
		}
		if _, err := s.Inbox(ctx, v, store.NoticeFilter{PageRequest: store.PageRequest{After: "x"}}); !matches(err, kita.Invalid("after", "page.cursor")) {
			t.Errorf("a made-up cursor: %v", err)
		}
	})
}

func TestInboxCanBeNarrowedToWhatIsStillToDo(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := context.Background()
		x := newSunny(t, s, c)
		var ids []kita.ID
		for i := range 4 {
			n := x.notice("closure", "kita")
			n.ConfirmWanted = i > 0
			ids = append([]kita.ID{post(t, x, x.leader, n).ID}, ids...)
			c.Advance(time.Minute)
		}
		// Newest first: wants a confirmation (to be confirmed), wants one (to be opened), wants one, wants none.
		v := x.w.Viewer(*x.mum.AccountID)
		if _, err := s.MarkConfirmed(ctx, v, ids[0], true); err != nil {
			t.Fatal(err)
		}
		if _, err := s.MarkOpened(ctx, v, ids[1]); err != nil {
			t.Fatal(err)
		}
		for only, want := range map[store.ToDo][]kita.ID{"": ids, store.Unread: ids[2:], store.Unconfirmed: ids[1:3]} {
			var got []kita.ID
			for after := ""; ; {
				p, err := s.Inbox(ctx, v, store.NoticeFilter{Only: only, PageRequest: store.PageRequest{Limit: 1, After: after}})
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range p.Items {
					got = append(got, r.Notice.ID)
				}
				if after = p.Next; after == "" {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("only %q: %v, want %v", only, got, want)
			}
		}
	})
}

func TestUnreadIsCountedUpToAHundred(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		x := newSunny(t, s, c)
		for range store.MaxUnread + 1 {
			post(t, x, x.leader, x.notice("daily", "kita"))
		}
		if n, err := s.Unread(context.Background(), x.w.Viewer(*x.mum.AccountID)); err != nil || n != store.MaxUnread {
			t.Errorf("%d unread, %v", n, err)
		}
	})
}

func TestReminderGoesOnlyToThoseWhoHaveNotConfirmed(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := context.Background()
		x := newSunny(t, s, c)
		w := storetest.NewWorld(t, s)
		for _, g := range []*storetest.GuardianB{x.mum, x.dad} {
			d := pushtest.NewDevice("https://updates.push.services.mozilla.com/wpush/v2/" + string(g.ID))
			w.Device(*g.AccountID, d.Endpoint, d.P256dh(), d.Auth())
		}
		w.Live()
		n := x.notice("closure", "children", x.mia.ID)
		n.ConfirmWanted = true
		n = post(t, x, x.leader, n)
		if _, err := s.MarkConfirmed(ctx, x.w.Viewer(*x.mum.AccountID), n.ID, true); err != nil {
			t.Fatal(err)
		}
		if _, err := s.MarkOpened(ctx, x.w.Viewer(*x.dad.AccountID), n.ID); err != nil {
			t.Fatal(err)
		}
		claimed, err := s.SystemClaimDeliveries(ctx, "push", 10, nil)
		if err != nil || len(claimed) != 2 {
			t.Fatalf("%d first pushes, %v", len(claimed), err)
		}
		c.Advance(time.Minute)
		reminded, err := s.Remind(ctx, x.w.Viewer(*x.leader.AccountID), n.ID)
		if err != nil || reminded != 2 { // the father and Petra, who has no device
			t.Fatalf("%d reminded, %v", reminded, err)
		}
		claimed, err = s.SystemClaimDeliveries(ctx, "push", 10, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range claimed {
			if d.Kind == "reminder" && *d.AccountID != *x.dad.AccountID {
				t.Errorf("a reminder for %s", *d.AccountID)
			}
		}
		if !slices.ContainsFunc(claimed, func(d store.Delivery) bool { return d.Kind == "reminder" }) {
			t.Error("nobody is reminded by push")
		}
		if _, err := s.Remind(ctx, x.w.Viewer(*x.leader.AccountID), n.ID); !errors.Is(err, kita.Refused("notice.reminded_already")) {
			t.Errorf("at once again: %v", err)
		}
	})
}

func TestSubscriptionBelongsToWhoSignedInLast(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := context.Background()
		x := newSunny(t, s, c)
		d := pushtest.NewDevice("https://updates.push.services.mozilla.com/wpush/v2/tablet").Subscription()
		mum, dad := x.w.Viewer(*x.mum.AccountID), x.w.Viewer(*x.dad.AccountID)
		for i, v := range []kita.Viewer{mum, mum, dad} {
			d.ID = kita.NewID()
			if _, again, err := s.Subscribe(ctx, v, d); err != nil || again != (i == 1) {
				t.Fatalf("try %d: again %v, %v", i, again, err)
			}
		}
		for v, want := range map[*kita.Viewer]int{&mum: 0, &dad: 1} {
			if got, err := s.Subscriptions(ctx, *v); err != nil || len(got) != want {
				t.Errorf("%d devices, want %d (%v)", len(got), want, err)
			}
		}
		for i := range 12 {
			c.Advance(time.Second)
			d = pushtest.NewDevice("https://updates.push.services.mozilla.com/wpush/v2/" + string(rune('a'+i))).Subscription()
			d.ID = kita.NewID()
			if _, _, err := s.Subscribe(ctx, mum, d); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.Subscriptions(ctx, mum); err != nil || len(got) != store.MaxDevices {
			t.Errorf("%d devices, want %d (%v)", len(got), store.MaxDevices, err)
		}
	})
}

func TestBannedLeaderLearnsNoNumberOfTheFamily(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		x := newSunny(t, s, c)
		w := storetest.NewWorld(t, s)
		lea := x.kita.GuardianOf(x.leader.AccountID, "Lea")
		lea.Of(x.mia).BannedFrom(x.mia)
		x.w.Live()
		w.Live()
		n := post(t, x, x.leader, x.notice("news", "kita"))
		p, err := s.Recipients(context.Background(), x.w.Viewer(*x.leader.AccountID), n.ID, store.RecipientFilter{PageRequest: store.PageRequest{Limit: 100}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Items {
			ofMia := *r.GuardianID == x.mum.ID || *r.GuardianID == x.dad.ID
			if ofMia && r.Phone != "" || slices.Contains(r.Children, x.mia.ID) {
				t.Errorf("the banned leader learns %q of %s and %v", r.Phone, r.Name, r.Children)
			}
			if *r.GuardianID == x.canMum.ID && r.Phone == "" {
				t.Error("other families' numbers are gone, too")
			}
		}
	})
}
