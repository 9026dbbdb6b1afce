package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jmoiron/sqlx"

	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/notify"
)

// answers measures what comes back to a notice: of each device that it was shown, of each guardian that it was read.
func (s suite) answers(ctx context.Context, x settlement) error {
	desk, err := x.desk(ctx)
	if err != nil {
		return err
	}
	sessions, err := x.signInAll(ctx, desk.guardians)
	if err != nil {
		return err
	}
	db, err := x.d.likeServer(ctx)
	if err != nil {
		return err
	}
	empty, stop := emptyEcho(s.openings)
	defer stop()
	shown, opened, reported := desk.shown(ctx, db), desk.opened(sessions), desk.reported(sessions)
	if err := errors.Join(race(ctx, "answers", s.publishRounds, empty, shown, opened, reported), db.Close()); err != nil {
		return err
	}
	s.figures.keep(s.engine, "shown", shown)
	s.figures.keep(s.engine, "opened", opened)
	s.figures.keep(s.engine, "report", reported)
	s.report.add(s.engine, costs(shown, empty, none), costs(opened, empty, none), costs(reported, empty, none))
	return nil
}

// reported is a runner in which every second guardian reports their child absent for a day, each time for another.
func (d *desk) reported(sessions []string) *runner {
	day := kita.WeekOf(kita.DayOf(time.Now(), time.UTC)).Monday.Add(1)
	return &runner{name: "a guardian reports an absence", ops: len(sessions) / 2, run: func() error {
		for day = day.Add(7); len(kita.Closures("BE", nil, day, day)) > 0; day = day.Add(7) { // apart, for what touches is joined
		}
		for i := 0; i < len(sessions); i += 2 {
			body := map[string]any{"id": kita.NewID(), "child_id": d.children[i], "from": day, "to": day, "reason": kita.AbsenceSick}
			if _, err := d.h.call("POST", handlers.Prefix+"/absences", sessions[i], body, http.StatusCreated); err != nil {
				return err
			}
		}
		return nil
	}}
}

// shown is a runner in which the device of one guardian after the other says that it has shown a notice.
func (d *desk) shown(ctx context.Context, db *sqlx.DB) *runner {
	var deliveries []kita.ID
	return &runner{name: "a device has shown it", ops: audience,
		before: func() error {
			notice, err := d.publish()
			if err != nil {
				return err
			}
			deliveries = nil
			err = db.SelectContext(ctx, &deliveries, db.Rebind(`select d.id from notices n join recipients r on r.kita_id = n.kita_id and r.notice_id = n.id
join deliveries d on d.kita_id = r.kita_id and d.recipient_id = r.id where n.id = ?`), notice)
			if err == nil && len(deliveries) != audience {
				err = fmt.Errorf("%d deliveries: not what is to be measured", len(deliveries))
			}
			return err
		},
		run: func() error {
			receipts, err := notify.NewReceipts(receiptKey)
			if err != nil {
				return err
			}
			for _, id := range deliveries {
				body := map[string]string{"token": receipts.Sign(id)}
				if _, err := d.h.call("POST", handlers.Prefix+"/push/receipts", "", body, http.StatusNoContent); err != nil {
					return err
				}
			}
			return nil
		}}
}

// opened is a runner in which one guardian after the other opens a notice.
func (d *desk) opened(sessions []string) *runner {
	var notice kita.ID
	return &runner{name: "a guardian has read it", ops: audience,
		before: func() (err error) {
			notice, err = d.publish()
			return err
		},
		run: func() error {
			for _, session := range sessions {
				if _, err := d.h.call("PUT", handlers.Prefix+"/notices/"+string(notice)+"/opened", session, nil, http.StatusOK); err != nil {
					return err
				}
			}
			return nil
		}}
}
