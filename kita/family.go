package kita

// Families counts households: people and children who hang together through whom they are tied to. Separated parents of
// one child are one family, and so are siblings in two groups.
type Families struct{ parent map[ID]ID }

// NewFamilies is empty.
func NewFamilies() *Families { return &Families{parent: map[ID]ID{}} }

// Tie puts a person and a child into one family.
func (f *Families) Tie(person, child ID) {
	if a, b := f.root(person), f.root(child); a != b {
		f.parent[a] = b
	}
}

func (f *Families) root(id ID) ID {
	p, ok := f.parent[id]
	if !ok {
		f.parent[id] = id
		return id
	}
	if p != id {
		p = f.root(p)
		f.parent[id] = p
	}
	return p
}

// Of names the family of a person or child, the same for all who are in it.
func (f *Families) Of(id ID) ID { return f.root(id) }

// Count is the number of families.
func (f *Families) Count() int {
	n := 0
	for id, p := range f.parent {
		if id == p {
			n++
		}
	}
	return n
}
