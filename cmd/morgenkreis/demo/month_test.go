package demo

import (
	"context"
	"slices"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/files"
)

func monthOfNotices(t *testing.T, v *visit) {
	leader := v.as(t, LoginLeader)
	notices := v.notices(t, leader)
	if len(notices) < 38 || len(notices) > 48 {
		t.Errorf("%d notices", len(notices))
	}
	kinds, groups := map[kita.NoticeKind]int{}, map[string]int{}
	has := map[string]int{}
	for _, n := range notices {
		kinds[n.Kind]++
		if n.Kind == kita.NoticeDaily {
			groups[n.Title]++
		}
		for what, is := range map[string]bool{
			"corrected": n.CorrectedAt != nil, "withdrawn": n.State == kita.NoticeWithdrawn, "scheduled": n.State == kita.NoticeScheduled,
			"for the team": n.AudienceKind == kita.AudienceStaff, "for single children": n.AudienceKind == kita.AudienceChildren,
			"closure to confirm": n.Kind == kita.NoticeClosure && n.ConfirmWanted, "event with time and place": n.Kind == kita.NoticeEvent && n.StartsAt != nil && n.Place != "",
			"old": n.PublishAt.Before(v.now.AddDate(0, 0, -28)), "of today": n.PublishAt.After(v.now.Add(-12*time.Hour)) && n.State == kita.NoticePublished,
			"about lice": n.Kind == kita.NoticeIllness && n.Title == "Läuse bei den Bären",
		} {
			if is {
				has[what]++
			}
		}
	}
	for _, k := range kita.NoticeKinds {
		if kinds[k] == 0 {
			t.Errorf("no notice of the kind %s", k)
		}
	}
	if len(groups) != 4 {
		t.Errorf("daily updates: %v", groups)
	}
	for title, n := range groups {
		if n < 3 {
			t.Errorf("%s: %d times", title, n)
		}
	}
	for _, what := range []string{"corrected", "withdrawn", "scheduled", "for the team", "for single children", "closure to confirm",
		"event with time and place", "old", "of today", "about lice"} {
		if has[what] == 0 {
			t.Errorf("no notice is %s", what)
		}
	}
	for _, n := range notices {
		if n.CorrectedAt == nil {
			continue
		}
		if before, err := v.Versions(context.Background(), leader, n.ID); err != nil || len(before) != 1 || before[0].Body == n.Body {
			t.Errorf("%s: %d earlier texts, %v", n.Title, len(before), err)
		}
	}
}

func ledgerAddsUp(t *testing.T, v *visit) {
	ctx := context.Background()
	seen, called, gone := map[kita.RecipientState]int{}, 0, 0
	for _, login := range []string{LoginLeader, "manuela.fritsche@regenbogen.example"} {
		leader := v.as(t, login)
		for _, n := range v.notices(t, leader) {
			people := all(t, func(p store.PageRequest) (store.Page[kita.Recipient], error) {
				return v.Recipients(ctx, leader, n.ID, store.RecipientFilter{PageRequest: p})
			})
			sum := 0
			for state, count := range n.Ledger.By {
				sum += count
				seen[state] += count
			}
			if sum != n.Ledger.Recipients || sum != len(people) || (sum == 0) != (n.State == kita.NoticeScheduled) {
				t.Errorf("%s: %d by state, %d recipients, %d people", n.Title, sum, n.Ledger.Recipients, len(people))
			}
			old := n.PublishAt.Before(v.now.Add(-48*time.Hour)) && n.State == kita.NoticePublished
			for _, r := range people {
				if old && (r.State == kita.StateWaiting || r.State == kita.StateAccepted) {
					t.Errorf("%s: nobody looked after %s, %s", n.Title, r.Name, r.State)
				}
				for _, at := range []*kita.Instant{r.AcceptedAt, r.ShownAt, r.OpenedAt, r.ConfirmedAt, r.CallListedAt, r.CalledAt, r.RemindedAt} {
					if at != nil && (at.Before(n.PublishAt.Time) || at.After(v.now)) {
						t.Errorf("%s: %s has something of %s", n.Title, r.Name, at)
					}
				}
				if r.CalledAt != nil {
					called++
				}
				if r.Trouble == kita.TroubleNoDevice && r.AccountID != nil {
					gone++
				}
			}
		}
	}
	for _, state := range []kita.RecipientState{kita.StateConfirmed, kita.StateOpened, kita.StateShown, kita.StateCallList} {
		if seen[state] < 50 {
			t.Errorf("%s: %d", state, seen[state])
		}
	}
	if called == 0 || gone == 0 {
		t.Errorf("%d called, %d without a device", called, gone)
	}
}

func attachmentsOpen(t *testing.T, v *visit) {
	ctx, leader := context.Background(), v.as(t, LoginLeader)
	types := map[string]int{}
	for _, n := range v.notices(t, leader) {
		for _, id := range n.FileIDs {
			f, err := v.File(ctx, leader, id)
			if err != nil {
				t.Fatal(err)
			}
			types[f.MediaType]++
			for _, sum := range []string{f.Sum, f.ThumbSum} {
				if sum == "" && f.MediaType == files.PDF {
					continue
				}
				content, err := v.files.Open(t.Context(), sum)
				if err != nil {
					t.Errorf("%s: %v", f.Name, err)
					continue
				}
				if err := content.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
	if types[files.JPEG] < 4 || types[files.PDF] != 1 {
		t.Errorf("attachments: %v", types)
	}
}

func monthOfAbsences(t *testing.T, v *visit) {
	ctx, leader := context.Background(), v.as(t, LoginLeader)
	k := v.kita(t, leader, sonnenschein)
	today := k.Today(v.now)
	absences := all(t, func(p store.PageRequest) (store.Page[store.AbsenceSeen], error) {
		return v.Absences(ctx, leader, store.AbsenceFilter{KitaID: k.ID, From: today.Add(-40), To: today.Add(60)}, p)
	})
	reasons, by := map[kita.AbsenceReason]int{}, map[bool]int{}
	ahead := 0
	for _, a := range absences {
		reasons[a.Reason]++
		by[a.ByGuardian]++
		if a.From > today {
			ahead++
		}
	}
	if len(absences) < 40 || len(absences) > 65 || reasons[kita.AbsenceSick] < 20 || reasons[kita.AbsenceVacation] < 5 || reasons[kita.AbsenceOther] < 3 || ahead < 2 {
		t.Errorf("%d absences, by reason %v, %d ahead", len(absences), reasons, ahead)
	}
	if by[true] < 20 || by[false] < 5 {
		t.Errorf("%d reported by guardians, %d by staff", by[true], by[false])
	}
	now, err := v.AbsencesToday(ctx, leader, k.ID)
	if err != nil {
		t.Fatal(err)
	}
	away := 0
	for _, g := range now.Groups {
		away += len(g.Absent)
	}
	if away < 5 || away > 16 {
		t.Errorf("%d children are away today", away)
	}
}

func parentHasUnread(t *testing.T, v *visit) {
	ctx, parent := context.Background(), v.as(t, LoginParent)
	children := v.children(t, parent)
	if len(children) != 2 || *children[0].GroupID == *children[1].GroupID {
		t.Errorf("%d children", len(children))
	}
	unread, err := v.Unread(ctx, parent)
	if err != nil || unread < 3 || unread > 12 {
		t.Errorf("%d unread, %v", unread, err)
	}
	inbox := v.inbox(t, parent)
	if len(inbox) < 20 || inbox[0].OpenedAt != nil || inbox[len(inbox)-1].OpenedAt == nil {
		t.Errorf("%d notices, the newest opened %v, the oldest %v", len(inbox), inbox[0].OpenedAt, inbox[len(inbox)-1].OpenedAt)
	}
	if !slices.ContainsFunc(inbox, func(r store.Received) bool { return r.ConfirmWanted && r.ConfirmedAt == nil }) {
		t.Error("nothing is left to confirm")
	}
}
