// Package demo makes the kita Sonnenschein: a house with everybody in it and a month behind it, for those who want to see
// what Morgenkreis is before they trust it with their own. All of it is made up.
package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/files"
)

// The accounts of the demo that somebody can sign in to, all with Password. Nobody else there has one.
const (
	LoginLeader   = "leitung@sonnenschein.example"
	LoginEducator = "baeren@sonnenschein.example"
	LoginParent   = "eltern@sonnenschein.example"
	LoginOperator = "betrieb@sonnenschein.example"

	Password = "morgenkreis"
)

// ErrRealHouse is the answer to --demo on a database that somebody uses.
var ErrRealHouse = errors.New("this data folder holds a real kita, or accounts of one; the demo, whose passwords everybody knows, needs a folder of its own")

// ErrHalfMade is the answer to a database in which a demo was begun and never finished.
var ErrHalfMade = errors.New("the demo in this data folder was interrupted while it was being made; delete the folder and start again")

// Present tells whether s holds the demo, or a part of it. Its passwords are public: such a database may be served as the
// demo only.
func Present(ctx context.Context, s *store.Store) (bool, error) {
	d, err := s.SystemDemo(ctx)
	return d.Made > 0 || d.Done, err
}

// Logins says how to sign in to the demo, in a few lines for the terminal.
func Logins() string {
	var b strings.Builder
	fmt.Fprintf(&b, "The demo kita %s is open; everybody in it is made up. The password is %s for\n", sonnenschein, Password)
	for _, x := range [][2]string{
		{LoginLeader, "the leader: the whole house"},
		{LoginEducator, "an educator: the group Bären"},
		{LoginParent, "a mother with a child in each of two groups"},
		{LoginOperator, "the operator of the server"},
	} {
		fmt.Fprintf(&b, "  %-32s %s\n", x[0], x[1])
	}
	return b.String()
}

// Fill makes the demo in the database that o opens, and its attachments in dir, so that its present is now; o's clock is
// not used. A database that holds the demo already is left as it is, and made is false. One that holds a real kita, or
// accounts without any, is ErrRealHouse; one in which a demo was left half made, ErrHalfMade. progress is told now and
// then how far it is, in a line.
//
// What people do is written by the functions that the API calls, at the moments of a month that has passed; when Fill
// returns nothing is due, nobody is signed in, and nobody has a device.
func Fill(ctx context.Context, o store.Options, dir files.Store, now time.Time, progress func(string)) (made bool, err error) {
	cal, err := newCalendar(now)
	if err != nil {
		return false, err
	}
	clock := &clock{now: now}
	o.Clock = clock.Now
	s, err := store.Open(ctx, o)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	there, err := s.SystemDemo(ctx)
	switch {
	case err != nil:
		return false, err
	case there.Real > 0, there.Made == 0 && !there.Done && there.Others > 0:
		return false, ErrRealHouse
	case there.Done:
		return false, nil
	case there.Made > 0:
		return false, ErrHalfMade
	}
	p := &play{ctx: ctx, store: s, files: dir, house: furnish(cal, passwordHash()), cal: cal, clock: clock,
		actors: map[kita.ID]*actor{}, progress: progress}
	return true, p.perform()
}

func passwordHash() string {
	salt := make([]byte, kita.PasswordSalt)
	rand.Read(salt)
	return kita.HashPassword(Password, salt)
}

// perform makes it all, from the day the house moved in to now.
func (p *play) perform() error {
	p.progress(fmt.Sprintf("%d children and %d guardians move in", len(p.house.rows.Children), len(p.house.rows.Guardians)))
	p.clock.now = p.cal.at(p.cal.ago(22), "07:00")
	if err := p.store.SystemPopulate(p.ctx, p.house.rows); err != nil {
		return err
	}
	if err := p.signIn(); err != nil {
		return err
	}
	p.plan(p.cal.at(p.cal.ago(22), "10:00"), p.ban)
	for _, x := range p.notices() {
		p.post(x)
	}
	for _, r := range p.absences() {
		p.report(r)
	}
	for _, end := range []func() error{p.run, p.settled, p.signOut} {
		if err := end(); err != nil {
			return err
		}
	}
	return p.store.SystemDemoDone(p.ctx)
}

// ban enters the contact ban, as the leader.
func (p *play) ban() error {
	leader, err := p.as(leader)
	if err != nil {
		return err
	}
	_, _, err = p.store.CreateBan(p.ctx, leader, kita.ContactBan{ID: kita.NewID(), GuardianID: p.house.guardians[banned.guardian].ID,
		ChildID: p.house.children[banned.child].ID, Reason: banned.reason})
	return err
}
