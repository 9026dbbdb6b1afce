package handlers_test

import (
	"slices"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// oracle says what one account may see of a world, from DESIGN.md's table ("Who sees what") and the words beside it; no
// SQL was asked. Where these leave a question open, the strictest answer with which people can still work is taken, and
// stands here as a comment.
type oracle struct {
	*world
	me *kita.Account
}

func (o oracle) is(account *kita.ID) bool  { return same(account, &o.me.ID) }
func (o oracle) open(kitaID kita.ID) bool  { return o.kita(kitaID).ArchivedAt == nil }
func (o oracle) leads(kitaID kita.ID) bool { return o.works(kitaID, isLeader) }
func (o oracle) inTeam(k kita.ID) bool     { return o.works(k, func(*kita.Staff) bool { return true }) }
func (o oracle) seesAll(k kita.ID) bool    { return o.kita(k).EducatorsSeeAll && o.inTeam(k) }
func isLeader(s *kita.Staff) bool          { return s.Role == kita.RoleLeader }

// banned: by any record of mine, put away or not, and whatever else I am.
func (o oracle) banned(child kita.ID) bool {
	return exists(o.bans, func(b *kita.ContactBan) bool {
		return b.ChildID == child && b.LiftedAt == nil && o.is(o.guardian(b.GuardianID).AccountID)
	})
}

// works: an archived kita is closed for its own people, leaders included; provider and operator can open it again.
func (o oracle) works(kitaID kita.ID, as func(*kita.Staff) bool) bool {
	return o.open(kitaID) && exists(o.staff, func(s *kita.Staff) bool {
		return s.KitaID == kitaID && o.is(s.AccountID) && s.ArchivedAt == nil && as(s)
	})
}
func (o oracle) hasGroup(g *kita.Group) bool {
	return o.works(g.KitaID, func(s *kita.Staff) bool {
		return exists(o.world.works, func(sg store.StaffGroup) bool { return sg.StaffID == s.ID && sg.GroupID == g.ID })
	})
}

// isPerson: the record is mine, and in force.
func (o oracle) isPerson(g *kita.Guardian) bool {
	return o.is(g.AccountID) && g.ArchivedAt == nil && o.open(g.KitaID)
}

// speaksFor: a provider that was archived has no members.
func (o oracle) speaksFor(p *kita.Provider) bool {
	return p.ArchivedAt == nil && exists(o.speakers, func(m store.ProviderMember) bool { return m.ProviderID == p.ID && m.AccountID == o.me.ID })
}
func (o oracle) provides(k *kita.Kita) bool {
	return exists(o.providers, func(p *kita.Provider) bool { return p.ID == k.ProviderID && o.speaksFor(p) })
}
func (o oracle) manages(k *kita.Kita) bool { return o.me.Operator || o.provides(k) || o.leads(k.ID) }
func (o oracle) hasToDoWith(k *kita.Kita) bool {
	return o.manages(k) || o.inTeam(k.ID) || exists(o.guardians, func(g *kita.Guardian) bool { return g.KitaID == k.ID && o.isPerson(g) })
}

// Children. Who was put away is there for leaders alone; who left a group is no longer its educators'.
func (o oracle) leadsChild(c *kita.Child) bool { return o.leads(c.KitaID) && !o.banned(c.ID) }
func (o oracle) parentOf(c *kita.Child) bool {
	return c.ArchivedAt == nil && !o.banned(c.ID) && exists(o.guardians, func(g *kita.Guardian) bool { return o.isPerson(g) && o.tied(g.ID, c.ID) })
}
func (o oracle) educates(c *kita.Child) bool {
	return c.ArchivedAt == nil && !o.banned(c.ID) && exists(o.groups, func(g *kita.Group) bool {
		return o.hasGroup(g) && o.placedIn(c.ID, g.ID, o.today, kita.LastDay)
	})
}

// worksWith: "whole kita if the kita says so" stands in the table's line of groups and children. Health and absences, with
// what a child has, are another line, without it.
func (o oracle) worksWith(c *kita.Child) bool {
	return o.leadsChild(c) || o.educates(c) || c.ArchivedAt == nil && !o.banned(c.ID) && o.seesAll(c.KitaID)
}
func (o oracle) sees(c *kita.Child) bool { return o.worksWith(c) || o.parentOf(c) }
func (o oracle) caresFor(c *kita.Child) bool {
	return o.leadsChild(c) || o.educates(c) || o.parentOf(c)
}
func (o oracle) seesGroup(g *kita.Group) bool {
	return o.leads(g.KitaID) || o.seesAll(g.KitaID) || o.hasGroup(g) || exists(o.children, func(c *kita.Child) bool {
		return o.parentOf(c) && o.placedIn(c.ID, g.ID, o.today, kita.LastDay)
	})
}

// Guardians. Leaders have those who have no child yet, or one that no ban keeps from the leader.
func (o oracle) tiedTo(g *kita.Guardian, f func(*kita.Child) bool) bool {
	return exists(o.children, func(c *kita.Child) bool { return o.tied(g.ID, c.ID) && f(c) })
}
func (o oracle) leadsGuardian(g *kita.Guardian) bool {
	return o.leads(g.KitaID) && (o.tiedTo(g, o.leadsChild) || !o.tiedTo(g, func(*kita.Child) bool { return true }))
}
func (o oracle) seesGuardian(g *kita.Guardian) bool {
	return o.leadsGuardian(g) || o.isPerson(g) || g.ArchivedAt == nil && o.tiedTo(g, o.worksWith)
}

// barred: who is banned from a child learns from nobody where its family is found, and keeps no record of theirs.
func (o oracle) barred(g *kita.Guardian) bool {
	return o.tiedTo(g, func(c *kita.Child) bool { return o.banned(c.ID) })
}
func (o oracle) keeps(g *kita.Guardian) bool    { return o.leadsGuardian(g) && !o.barred(g) }
func (o oracle) writesTo(g *kita.Guardian) bool { return o.isPerson(g) || o.keeps(g) }

// rings: who works with their children, and who has them on the call list of a notice. But no parent gets the other's
// number by working in the house; a leader does, who keeps the records.
func (o oracle) rings(g *kita.Guardian) bool {
	return o.writesTo(g) || !o.barred(g) && !o.both(g) && (o.seesGuardian(g) || o.hasInLedger(g.ID))
}
func (o oracle) both(g *kita.Guardian) bool {
	return o.tiedTo(g, func(c *kita.Child) bool {
		return exists(o.guardians, func(m *kita.Guardian) bool { return o.is(m.AccountID) && o.tied(m.ID, c.ID) })
	})
}

// seesColleague: who manages the kita, its team, and those whose child is with them today.
func (o oracle) seesColleague(s *kita.Staff) bool {
	return o.manages(o.kita(s.KitaID)) || s.ArchivedAt == nil && (o.inTeam(s.KitaID) || !isLeader(s) && o.open(s.KitaID) &&
		exists(o.world.works, func(sg store.StaffGroup) bool {
			return sg.StaffID == s.ID && exists(o.children, func(c *kita.Child) bool { return o.parentOf(c) && o.placedIn(c.ID, sg.GroupID, o.today, o.today) })
		}))
}

// seesBan: leaders all, those who work with the child what holds, the operator that there is one; nobody their own.
func (o oracle) seesBan(b *kita.ContactBan) bool {
	c := o.child(b.ChildID)
	return o.leadsChild(c) || b.LiftedAt == nil && o.worksWith(c) || o.me.Operator && !o.is(o.guardian(b.GuardianID).AccountID)
}

// invites: whose records they keep; but who gives out a code could use it, so no ban may stand between.
func (o oracle) invites(i *kita.Invitation) bool {
	switch {
	case i.GuardianID != nil:
		return o.keeps(o.guardian(*i.GuardianID))
	case i.StaffID != nil:
		return o.manages(o.kita(*i.KitaID))
	}
	return o.me.Operator
}

// Notices. Leaders see all of their kita's, authors their own, educators what went to their groups or to everybody. What
// is about single children is for those who work with one of them, the author included.
func (o oracle) wrote(n *note) bool {
	return n.AuthorID == o.me.ID && (o.inTeam(n.KitaID) || o.open(n.KitaID) && o.provides(o.kita(n.KitaID)))
}
func (o oracle) seesPosted(n *note) bool {
	public := n.State == kita.NoticePublished && o.inTeam(n.KitaID) && (n.AudienceKind != kita.AudienceGroups || o.seesAll(n.KitaID) ||
		exists(n.Targets, func(id kita.ID) bool { return o.hasGroup(o.group(id)) }))
	return (o.leads(n.KitaID) || o.wrote(n) || public) &&
		(n.AudienceKind != kita.AudienceChildren || exists(n.Targets, func(id kita.ID) bool { return o.worksWith(o.child(id)) }))
}
func (o oracle) changes(n *note) bool { return o.seesPosted(n) && (o.leads(n.KitaID) || o.wrote(n)) }

// answersFor: who read what is told to leaders and to authors of the team; a provider is told counts.
func (o oracle) answersFor(n *note) bool { return o.changes(n) && o.inTeam(n.KitaID) }

// inLedger: a line about nobody but children I am banned from would tell me where they are.
func (o oracle) inLedger(r *recipient) bool {
	return !r.guardian || exists(r.children, func(c kita.ID) bool { return !o.banned(c) })
}
func (o oracle) hasInLedger(person kita.ID) bool {
	return exists(o.notices, func(n *note) bool {
		return o.answersFor(n) && exists(n.recipients, func(r *recipient) bool { return r.person == person && o.inLedger(r) })
	})
}

// about: the children a notice came to me for, as long as I am their guardian and no ban stands between.
func (o oracle) about(r *recipient) []kita.ID {
	return filter(r.children, func(c kita.ID) bool {
		return !o.banned(c) && exists(o.guardians, func(g *kita.Guardian) bool { return o.isPerson(g) && o.tied(g.ID, c) })
	})
}
func (o oracle) received(n *note) *recipient {
	i := slices.IndexFunc(n.recipients, func(r *recipient) bool {
		return o.is(r.account) && n.State == kita.NoticePublished && (len(o.about(r)) > 0 || !r.guardian && o.inTeam(n.KitaID))
	})
	if i < 0 {
		return nil
	}
	return n.recipients[i]
}
func (o oracle) reads(n *note) bool { return o.seesPosted(n) || o.received(n) != nil }
func (o oracle) seesFile(f *attachment) bool {
	return exists(o.notices, func(n *note) bool { return slices.Contains(n.FileIDs, f.ID) && o.reads(n) }) ||
		f.by == o.me.ID && (o.inTeam(f.kita) || o.open(f.kita) && o.provides(o.kita(f.kita)))
}

// told: whom a notice about a child reaches when it is published. Everything that is put away, or banned, is left out.
func (w *world) told(t *kita.Tie) bool {
	g, c := w.guardian(t.GuardianID), w.child(t.ChildID)
	return t.ReceivesNotices && g.ArchivedAt == nil && c.ArchivedAt == nil && w.kita(t.KitaID).ArchivedAt == nil && !w.bannedPair(g, c)
}
func (w *world) bannedPair(g *kita.Guardian, c *kita.Child) bool {
	return exists(w.bans, func(b *kita.ContactBan) bool {
		return b.ChildID == c.ID && b.LiftedAt == nil && (b.GuardianID == g.ID || same(w.guardian(b.GuardianID).AccountID, g.AccountID))
	})
}

// readsLine: a leader's log is whole, but for what it tells of a child from which a ban keeps the leader, and of its family.
func (o oracle) readsLine(line fact) bool {
	return o.leads(line.kita) && !exists(o.children, func(c *kita.Child) bool {
		return o.banned(c.ID) && (line.subject == c.ID || o.tied(line.subject, c.ID) ||
			exists(o.bans, func(b *kita.ContactBan) bool { return b.ID == line.subject && b.ChildID == c.ID }) ||
			exists(o.absences, func(a *kita.Absence) bool { return a.ID == line.subject && a.ChildID == c.ID }))
	})
}

// Names stand beside more than the people themselves: parents know of each other, but not of who is banned; what was
// done carries its doer's name. Two records of one account are one person, who may be called by either.
func (o oracle) knowsGuardian(g *kita.Guardian) bool {
	return o.seesGuardian(g) || exists(o.guardians, func(m *kita.Guardian) bool {
		return m.KitaID == g.KitaID && same(m.AccountID, g.AccountID) && o.seesGuardian(m)
	}) || o.hasInLedger(g.ID) || o.knowsActor(g.AccountID, g.KitaID) || o.tiedTo(g, func(c *kita.Child) bool {
		return o.worksWith(c) || o.parentOf(c) && g.ArchivedAt == nil && !o.bannedPair(g, c)
	}) || exists(o.bans, func(b *kita.ContactBan) bool { return b.GuardianID == g.ID && o.worksWith(o.child(b.ChildID)) })
}
func (o oracle) knowsColleague(s *kita.Staff) bool {
	return o.seesColleague(s) || o.hasInLedger(s.ID) || o.knowsActor(s.AccountID, s.KitaID)
}
func (o oracle) knowsActor(account *kita.ID, kitaID kita.ID) bool {
	return account != nil && (exists(o.facts["audit"], func(line fact) bool { return line.kita == kitaID && line.account == *account && o.readsLine(line) }) ||
		exists(o.notices, func(n *note) bool { return n.KitaID == kitaID && n.AuthorID == *account && o.reads(n) }))
}

// knowsGroup: as one's own, or as a station of a child one sees.
func (o oracle) knowsGroup(g *kita.Group) bool {
	return o.seesGroup(g) || exists(o.children, func(c *kita.Child) bool { return o.sees(c) && o.placedIn(c.ID, g.ID, kita.FirstDay, kita.LastDay) })
}

// knowsOf a child's id: as one's own, and where a notice one answers for, or got, names it.
func (o oracle) knowsOf(c *kita.Child) bool {
	return o.sees(c) || !o.banned(c.ID) && exists(o.notices, func(n *note) bool {
		r := o.received(n)
		return o.seesPosted(n) && slices.Contains(n.Targets, c.ID) || r != nil && slices.Contains(o.about(r), c.ID) ||
			o.answersFor(n) && exists(n.recipients, func(r *recipient) bool { return slices.Contains(r.children, c.ID) })
	})
}
