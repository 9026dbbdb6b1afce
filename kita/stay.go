package kita

// Stay is what a kita's own list says of a child's group. From and To are empty where the list does not say.
type Stay struct {
	GroupID  ID
	From, To Day
}

// Settled is what becomes of a child's placements so that they agree with a list; its zero value is that they do.
type Settled struct {
	// Moves joins the others as any move does (Placement.MoveAmong). It has no id yet.
	Moves *Placement
	// Corrected is one of the placements with the days that the list states.
	Corrected *Placement
	// Stands is a placement that speaks against the list and is left as it is: somebody knew better since.
	Stands *Placement
	// Against is a placement that begins later and leaves no room for the move. Nothing can be done.
	Against *Placement
	// Gone says that the list knows only when the child left a group that it was never placed in.
	Gone bool
}

// Among works out what becomes of placed, which do not overlap. A list that states no first day speaks of the group of
// today. A group that is new to the child is a move; days that differ within one group are a correction, unless it would
// take days from another placement: a list is often older than what was entered since.
func (s Stay) Among(placed []Placement, today Day) Settled {
	q := s.spokenOf(placed, today)
	if q == nil {
		return s.moves(placed, today)
	}
	c := *q
	if s.From != "" {
		c.From = s.From
	}
	if s.To != "" {
		c.To = s.To
	}
	if c != *q {
		if clash := c.Clash(placed); clash != nil {
			return Settled{Stands: clash}
		}
		// The child is in the group already: its first day is not put off into the future.
		if c.From > today && q.From <= today {
			return Settled{Stands: q}
		}
		return Settled{Corrected: &c}
	}
	now := holding(placed, today)
	switch {
	case s.To != "", s.From != "" && q.From > today, today <= q.To && (now == nil || now == q):
		return Settled{}
	case now != nil:
		return Settled{Stands: now}
	}
	return Settled{Stands: q}
}

func (s Stay) moves(placed []Placement, today Day) Settled {
	p := Placement{GroupID: s.GroupID, From: s.From, To: s.To}
	if p.From == "" {
		p.From = today
	}
	if p.To == "" {
		p.To = LastDay
	}
	if p.To < p.From {
		return Settled{Gone: true}
	}
	if m := p.MoveAmong(placed); m.Clash != nil {
		return Settled{Against: m.Clash}
	}
	return Settled{Moves: &p}
}

// spokenOf is the placement that the list means, nil when it speaks of a new one: the one in the group that begins on
// the stated day; else, among those in the group that share a day with what is stated, the one that holds today, or the
// latest. Without a first day that is the one of today, or the next to come.
func (s Stay) spokenOf(placed []Placement, today Day) *Placement {
	said := Placement{From: s.From, To: s.To}
	if s.To == "" {
		said.To = LastDay
	}
	if s.From == "" {
		said.From = min(today, said.To)
		if s.To != "" && s.To < today {
			said.From = FirstDay
		}
	}
	var found *Placement
	for i, q := range placed {
		if q.GroupID != s.GroupID {
			continue
		}
		if q.From == s.From {
			return &placed[i]
		}
		if !q.Overlaps(said) {
			continue
		}
		switch {
		case found == nil, q.From <= today && today <= q.To:
			found = &placed[i]
		case found.From <= today && today <= found.To:
		case s.From == "" && q.From > today && found.From > today:
			if q.From < found.From {
				found = &placed[i]
			}
		case q.From > found.From:
			found = &placed[i]
		}
	}
	return found
}

// holding is the placement of the day, or nil.
func holding(placed []Placement, day Day) *Placement {
	for i, p := range placed {
		if p.From <= day && day <= p.To {
			return &placed[i]
		}
	}
	return nil
}
