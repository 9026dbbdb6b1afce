package demo

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/files"
)

// post is a notice as somebody of the team writes it.
type post struct {
	day   kita.Day
	clock kita.Clock
	by    string
	kind  kita.NoticeKind
	to    audience
	title string
	body  string

	confirm      bool
	starts, ends *kita.Instant
	place        string
	until        kita.Day
	later        *kita.Instant
	files        []attachment
	// then is what becomes of it afterwards.
	then func(n kita.Notice)
}

// audience in the words of the tables: one of kita, team, groups (their keys) or children (their names).
type audience struct {
	kita, team string
	groups     string
	children   []string
}

func everyone(kita string) audience { return audience{kita: kita} }
func teamOf(kita string) audience   { return audience{team: kita} }
func in(groups string) audience     { return audience{groups: groups} }
func of(children ...string) audience {
	return audience{children: children}
}

// attachment is a file that was taken with a phone, or written at the office.
type attachment struct {
	name, mediaType string
	make            func() ([]byte, error)
}

func (h *house) address(n *kita.Notice, a audience) {
	switch {
	case a.kita != "":
		n.KitaID, n.AudienceKind = h.kitas[a.kita].ID, kita.AudienceKita
	case a.team != "":
		n.KitaID, n.AudienceKind = h.kitas[a.team].ID, kita.AudienceStaff
	case a.groups != "":
		n.AudienceKind = kita.AudienceGroups
		for _, key := range strings.Split(a.groups, "") {
			n.KitaID = h.groups[key].KitaID
			n.Targets = append(n.Targets, h.groups[key].ID)
		}
	default:
		n.AudienceKind = kita.AudienceChildren
		for _, name := range a.children {
			n.KitaID = h.children[name].KitaID
			n.Targets = append(n.Targets, h.children[name].ID)
		}
	}
}

// post has somebody write x when its time comes, and everybody concerned read it.
func (p *play) post(x post) {
	p.plan(p.cal.at(x.day, x.clock), func() error {
		author, err := p.as(x.by)
		if err != nil {
			return err
		}
		n := kita.Notice{ID: kita.NewID(), Kind: x.kind, Title: x.title, Body: kita.Markdown(x.body), ConfirmWanted: x.confirm, StartsAt: x.starts,
			EndsAt: x.ends, Place: x.place, EndsOn: x.until}
		p.house.address(&n, x.to)
		if x.later != nil {
			n.PublishAt = *x.later
		}
		for _, a := range x.files {
			id, err := p.upload(author, n.KitaID, a)
			if err != nil {
				return err
			}
			n.FileIDs = append(n.FileIDs, id)
		}
		n, _, err = p.store.CreateNotice(p.ctx, author, n)
		if err != nil {
			return fmt.Errorf("%s: %w", x.title, err)
		}
		if x.then != nil {
			x.then(n)
		}
		if n.State == kita.NoticeScheduled {
			return nil
		}
		return p.published(n)
	})
}

// upload keeps an attachment the way the API does.
func (p *play) upload(author kita.Viewer, kitaID kita.ID, a attachment) (kita.ID, error) {
	content, err := a.make()
	if err != nil {
		return "", err
	}
	clean, err := files.Clean(p.ctx, bytes.NewReader(content), a.mediaType)
	if err != nil {
		return "", err
	}
	f := store.File{ID: kita.NewID(), KitaID: kitaID, Name: a.name, MediaType: clean.MediaType, Width: clean.Width, Height: clean.Height, Size: int64(len(clean.Content))}
	if f.Sum, _, err = p.files.Put(p.ctx, bytes.NewReader(clean.Content)); err != nil {
		return "", err
	}
	if len(clean.Thumbnail) > 0 {
		if f.ThumbSum, _, err = p.files.Put(p.ctx, bytes.NewReader(clean.Thumbnail)); err != nil {
			return "", err
		}
	}
	f, _, err = p.store.CreateFile(p.ctx, author, f)
	return f.ID, err
}

// correct changes what n says, as its author, and tells everybody again.
func (p *play) correct(day kita.Day, clock kita.Clock, by string, change store.Correction) func(kita.Notice) {
	return func(n kita.Notice) {
		p.plan(p.cal.at(day, clock), func() error {
			author, err := p.as(by)
			if err != nil {
				return err
			}
			change.Announce = true
			if n, err = p.store.CorrectNotice(p.ctx, author, n.ID, change); err != nil {
				return err
			}
			return p.published(n)
		})
	}
}

// withdraw takes n back a while after it went out.
func (p *play) withdraw(after time.Duration, by string) func(kita.Notice) {
	return func(n kita.Notice) {
		p.plan(p.clock.now.Add(after), func() error {
			author, err := p.as(by)
			if err != nil {
				return err
			}
			_, err = p.store.WithdrawNotice(p.ctx, author, n.ID)
			return err
		})
	}
}

// remindOn asks those again who have not confirmed.
func (p *play) remindOn(day kita.Day, clock kita.Clock, by string) func(kita.Notice) {
	return func(n kita.Notice) {
		p.plan(p.cal.at(day, clock), func() error {
			leader, err := p.as(by)
			if err != nil {
				return err
			}
			return p.remind(n, leader)
		})
	}
}
