package kita

// Check names what is wrong with p by itself; To may be LastDay.
func (p Placement) Check() error {
	var c Checks
	_, err := ParseDay("from", string(p.From))
	c.Add(err)
	if p.To != LastDay {
		_, err = ParseDay("to", string(p.To))
		c.Add(err)
	}
	c.That(p.From <= p.To, "to", "placement.to_before_from")
	return c.Err()
}

// Clash is the earliest of placed that shares a day with p; nil when none does. p itself, by its id, does not count.
func (p Placement) Clash(placed []Placement) *Placement {
	var first *Placement
	for i, q := range placed {
		if q.ID != p.ID && q.Overlaps(p) && (first == nil || q.From < first.From) {
			first = &placed[i]
		}
	}
	return first
}

// Move is what becomes of a child's placements when another joins them.
type Move struct {
	// Ends is the one that held on the new one's first day: it ends the day before.
	Ends *Placement
	// Gone began on that very day: nothing is left of it.
	Gone *Placement
	// Clash stands against the move, and then nothing is to be done: the child is in that group already on the first
	// day, or something that begins later was meant to stay.
	Clash *Placement
}

// MoveAmong works out what becomes of placed, which do not overlap, when the child moves by p. Only what holds on p's
// first day gives way; what begins later is never changed silently.
func (p Placement) MoveAmong(placed []Placement) Move {
	var m Move
	later := []Placement{}
	for i, q := range placed {
		holds := q.From <= p.From && p.From <= q.To
		switch {
		case holds && q.GroupID == p.GroupID:
			return Move{Clash: &placed[i]}
		case holds && q.From == p.From:
			m.Gone = &placed[i]
		case holds:
			m.Ends = &placed[i]
		default:
			later = append(later, q)
		}
	}
	if clash := p.Clash(later); clash != nil {
		return Move{Clash: clash}
	}
	return m
}
