package demo

import (
	"fmt"
	"strconv"
	"time"

	"morgenkreis/kita"
)

// report is an absence as somebody tells it.
type report struct {
	child    string
	from, to kita.Day
	reason   kita.AbsenceReason
	illness  string
	note     string
	// day and clock of the report; staff who took a call report as by, otherwise the first parent does.
	day   kita.Day
	clock kita.Clock
	by    string
	// withdrawn is the day on which it is taken back, if ever.
	withdrawn kita.Day
}

// absences are those of the last month, of today, and of the holidays ahead.
func (p *play) absences() []report {
	c := p.cal
	reports := []report{
		{child: "Kerem Yıldırım", from: c.ago(18), to: c.ago(16), reason: kita.AbsenceSick, illness: "stomach", day: c.ago(18), clock: "06:50"},
		{child: "Kilian Reuter", from: c.ago(18), to: c.ago(17), reason: kita.AbsenceSick, illness: "stomach", note: "Hat die Nacht über gespuckt.", day: c.ago(18), clock: "07:35"},
		{child: "Anton Lehmann", from: c.ago(17), to: c.ago(15), reason: kita.AbsenceSick, illness: "stomach", day: c.ago(17), clock: "09:10", by: gabi},
		// The second report follows on the first: one absence is made of both.
		{child: "Pia Scholz", from: c.ago(14), to: c.ago(13), reason: kita.AbsenceSick, illness: "fever", day: c.ago(14), clock: "07:20"},
		{child: "Pia Scholz", from: c.ago(13), to: c.ago(12), reason: kita.AbsenceSick, illness: "fever", note: "Das Fieber ist noch da.", day: c.ago(13), clock: "07:05"},
		{child: "Theo Albrecht", from: c.ago(11), to: c.ago(10), reason: kita.AbsenceSick, illness: "ear_infection", note: "Wir waren beim Arzt, er bekommt Tropfen.", day: c.ago(11), clock: "07:15"},
		{child: "Bela Winkler", from: c.ago(9), to: c.ago(9), reason: kita.AbsenceSick, illness: "lice", day: c.ago(9), clock: "07:40"},
		{child: "Ayaan Abdi", from: c.ago(9), to: c.ago(8), reason: kita.AbsenceSick, illness: "lice", day: c.ago(9), clock: "08:45", by: nadine},
		{child: "Matei Popescu", from: c.ago(7), to: c.ago(4), reason: kita.AbsenceSick, illness: "hand_foot_mouth", day: c.ago(7), clock: "07:30"},
		{child: "Deniz Aydoğan", from: c.ago(5), to: c.ago(5), reason: kita.AbsenceOther, note: "U-Untersuchung", day: c.ago(8), clock: "20:15"},
		{child: "Elena Castillo", from: c.ago(20), to: c.ago(10), reason: kita.AbsenceVacation, note: "Bei den Großeltern in Valencia", day: c.ago(22), clock: "18:30"},
		{child: "Linh Nguyen", from: c.ago(13), to: c.ago(6), reason: kita.AbsenceVacation, day: c.ago(21), clock: "19:05"},
		{child: "Jakob Zimmermann", from: c.ago(2), to: c.ahead(4), reason: kita.AbsenceVacation, day: c.ago(12), clock: "20:40"},
		{child: "Clara Zimmermann", from: c.ago(2), to: c.ahead(4), reason: kita.AbsenceVacation, day: c.ago(12), clock: "20:42"},
		{child: "Ella Albrecht", from: c.ahead(15), to: c.ahead(19), reason: kita.AbsenceVacation, day: c.ago(4), clock: "21:10"},
		{child: "Theo Albrecht", from: c.ahead(15), to: c.ahead(19), reason: kita.AbsenceVacation, day: c.ago(4), clock: "21:11"},
		{child: "Greta Weiß", from: c.ahead(8), to: c.ahead(9), reason: kita.AbsenceVacation, day: c.ago(6), clock: "17:50", withdrawn: c.ago(5)},
		// Today, or on the next open day.
		{child: "Mats Lange", from: c.current(), to: c.current(), reason: kita.AbsenceSick, illness: "fever", day: c.ago(1), clock: "18:10"},
		{child: "Jana Haddad", from: c.current(), to: c.current(), reason: kita.AbsenceOther, note: "Termin beim Amt, kommt nach dem Mittagessen", day: c.ago(1), clock: "16:20"},
		{child: "Merle Lorenz", from: c.current(), to: c.ahead(1), reason: kita.AbsenceSick, illness: "conjunctivitis", day: c.ago(1), clock: "19:35"},
		{child: "Artem Melnyk", from: c.current(), to: c.ahead(2), reason: kita.AbsenceSick, illness: "cold", day: c.ago(1), clock: "15:50", by: cem},
	}
	if c.open {
		reports = append(reports,
			report{child: "Luise Rothe", from: c.today, to: c.today, reason: kita.AbsenceSick, illness: "cold", day: c.today, clock: "06:55"},
			report{child: "Tobi Ogunleye", from: c.today, to: c.today, reason: kita.AbsenceSick, day: c.today, clock: "07:48"},
			report{child: "Amelie Pohl", from: c.today, to: c.ahead(1), reason: kita.AbsenceSick, illness: "stomach", note: "Mutter hat angerufen.", day: c.today, clock: "08:55", by: marlies})
	}
	return append(reports, p.everyday(reports)...)
}

// everyday fills the month up with what happens anyway, one report for children that have none yet.
func (p *play) everyday(told []report) []report {
	busy := map[string]bool{}
	for _, r := range told {
		busy[r.child] = true
	}
	kinds := []report{
		{reason: kita.AbsenceSick, illness: "cold"},
		{reason: kita.AbsenceSick, illness: "fever", note: "Seit gestern Abend 38,8."},
		{reason: kita.AbsenceSick},
		{reason: kita.AbsenceVacation},
		{reason: kita.AbsenceSick, illness: "cold", note: "Hustet viel, ist aber munter."},
		{reason: kita.AbsenceOther, note: "Familienfeier"},
		{reason: kita.AbsenceSick, illness: "conjunctivitis"},
		{reason: kita.AbsenceOther, note: "Arzttermin"},
	}
	var reports []report
	for _, child := range p.house.order {
		name := child.Name()
		if busy[name] || chance("ill", name) < 0.45 {
			continue
		}
		r := kinds[len(reports)%len(kinds)]
		first := 3 + int(chance("when", name)*18)
		last := max(1, first-int(chance("long", name)*4))
		if r.reason == kita.AbsenceOther {
			last = first
		}
		r.child, r.from, r.to = name, p.cal.ago(first), p.cal.ago(last)
		minute := strconv.Itoa(10 + int(chance("minute", name)*45))
		switch luck := chance("who", name); {
		case r.reason == kita.AbsenceVacation:
			r.day, r.clock = p.cal.ago(first+1), "20:"+kita.Clock(minute)
		case luck < 0.2:
			r.day, r.clock, r.by = r.from, "08:"+kita.Clock(minute), p.educatorOf(child)
		case luck < 0.5:
			r.day, r.clock = p.cal.ago(first+1), "19:"+kita.Clock(minute)
		default:
			r.day, r.clock = r.from, "07:"+kita.Clock(minute)
		}
		reports = append(reports, r)
	}
	return reports
}

// educatorOf is who takes the calls in the child's group.
func (p *play) educatorOf(child kita.Child) string {
	return map[string]string{"B": nadine, "I": marlies, "S": esra, "F": gabi}[p.house.inGroup[child.ID]]
}

// report has an absence reported when its time comes.
func (p *play) report(r report) {
	p.plan(p.cal.at(r.day, r.clock), func() error {
		child := p.house.children[r.child]
		who := r.by
		for _, g := range p.house.parents[child.ID] {
			if who == "" && g.AccountID != nil {
				who = g.Name()
			}
		}
		v, err := p.as(who)
		if err != nil {
			return err
		}
		done, err := p.store.ReportAbsence(p.ctx, v, kita.Absence{ID: kita.NewID(), ChildID: child.ID, From: r.from, To: r.to, Reason: r.reason,
			Illness: r.illness, Note: r.note})
		if err != nil {
			return fmt.Errorf("%s: %w", r.child, err)
		}
		p.plan(p.clock.now.Add(2*time.Second), p.tick)
		if r.withdrawn != "" {
			p.plan(p.cal.at(r.withdrawn, "08:05"), func() error {
				v, err := p.as(who)
				if err != nil {
					return err
				}
				return p.store.WithdrawAbsence(p.ctx, v, done.ID)
			})
		}
		return nil
	})
}
