package store

import (
	"slices"
	"strings"

	"morgenkreis/kita"
	"morgenkreis/kita/roster"
)

// Who a guardian of the list is found to be; any other number is one of known.guardians.
const (
	isNew   = -1
	unclear = -2 // a fault says why
)

// matcher finds out which guardians of the list are known. Nobody is taken for somebody else on a guess: what is not
// clear is a fault.
type matcher struct {
	*importer
	// rows are the rows of each guardian's children.
	rows [][]int
	// known, by list guardian.
	found []int
	// taken is whom a known guardian was found to be, by known guardian.
	taken map[int][]int
	// hangs: this known guardian is tied to that known child, or banned from it.
	hangs map[[2]kita.ID]bool
}

func (im *importer) match() []int {
	all := im.list.Guardians
	m := &matcher{importer: im, rows: make([][]int, len(all)), found: make([]int, len(all)), taken: map[int][]int{}, hangs: map[[2]kita.ID]bool{}}
	for i := range m.found {
		m.found[i] = isNew
	}
	for row, c := range im.list.Children {
		for _, ref := range c.Guardians {
			m.rows[ref.Guardian] = append(m.rows[ref.Guardian], row)
		}
	}
	for child, ties := range im.known.ties {
		for _, t := range ties {
			m.hangs[[2]kita.ID{t.GuardianID, child}] = true
		}
	}
	for child, bans := range im.known.bans {
		for _, b := range bans {
			m.hangs[[2]kita.ID{b.GuardianID, child}] = true
		}
	}
	m.refuseDoubles()
	m.byEmail()
	m.byKey("phone|")
	m.byKey("address|")
	m.byName()
	return m.found
}

// keyless tells that nothing but the name speaks for who a guardian is. The list has one such entry for each child.
func keyless(g roster.Guardian) bool { return len(g.Keys()) == 0 }

// refuseDoubles: two people of one name with one child, and nothing to tell them apart, could not be told apart in the
// next list either.
func (m *matcher) refuseDoubles() {
	for _, c := range m.list.Children {
		seen := map[string]int{}
		for _, ref := range c.Guardians {
			g := m.list.Guardians[ref.Guardian]
			if !keyless(g) {
				continue
			}
			key := nameOf(g.FirstName, g.LastName)
			if first, twice := seen[key]; twice {
				m.found[first] = unclear
				m.unclear(ref.Guardian, kita.Invalid("", "import.guardian_twice", "name", g.FirstName+" "+g.LastName))
			}
			seen[key] = ref.Guardian
		}
	}
}

func nameOf(first, last string) string { return folded(first) + "|" + folded(last) }

func (m *matcher) claim(i, k int) {
	m.found[i] = k
	m.taken[k] = append(m.taken[k], i)
}

func (m *matcher) unclear(i int, err *kita.Error) {
	m.found[i] = unclear
	m.fault(m.list.Guardians[i].Lines[0], err)
}

// withChild tells whether the known guardian k hangs on a child of i.
func (m *matcher) withChild(i, k int) bool {
	return slices.ContainsFunc(m.rows[i], func(row int) bool {
		ch := m.children[row].was
		return ch != nil && m.hangs[[2]kita.ID{m.known.guardians[k].ID, ch.ID}]
	})
}

// preferred narrows to those whose record is in use, and then to those with the same child, where there are any.
func (m *matcher) preferred(i int, all []int) []int {
	for _, better := range []func(k int) bool{
		func(k int) bool { return m.known.guardians[k].ArchivedAt == nil },
		func(k int) bool { return m.withChild(i, k) },
	} {
		if some := filter(all, better); len(some) > 0 {
			all = some
		}
	}
	return all
}

// decide takes the one who is left, and does not choose between several.
func (m *matcher) decide(i int, all []int) {
	all = m.preferred(i, all)
	if len(all) == 1 {
		m.claim(i, all[0])
		return
	}
	g := m.list.Guardians[i]
	m.unclear(i, kita.Invalid("", "import.guardian_unclear", "name", g.FirstName+" "+g.LastName))
}

// byEmail: an address is one person's, but not everybody keeps to that. Under another first name it may be the other
// parent's record, with their login and their bans: it is not written over.
func (m *matcher) byEmail() {
	known := map[string][]int{}
	for k, g := range m.known.guardians {
		if g.Email != "" {
			known[kita.NormalLogin(g.Email)] = append(known[kita.NormalLogin(g.Email)], k)
		}
	}
	for i, g := range m.list.Guardians {
		all := known[g.Email]
		if m.found[i] != isNew || g.Email == "" || len(all) == 0 {
			continue
		}
		like := filter(all, func(k int) bool { return likeName(g.FirstName, m.known.guardians[k].FirstName) })
		if len(like) == 0 {
			m.unclear(i, kita.Invalid("", "import.guardian_other", "email", g.Email, "name", m.known.guardians[all[0]].Name(),
				"new", g.FirstName+" "+g.LastName))
			continue
		}
		m.decide(i, like)
	}
}

// byKey goes by what makes two entries of a list one person (roster.Guardian.Keys), name and telephone or name and
// address, unless their e-mail addresses differ and they have no child in common: father and son share a house as well.
func (m *matcher) byKey(kind string) {
	known := map[string][]int{}
	for k, g := range m.known.guardians {
		for _, key := range (roster.Guardian{FirstName: g.FirstName, LastName: g.LastName, Phone: g.Phone, Address: g.Address}).Keys() {
			known[key] = append(known[key], k)
		}
	}
	for i, g := range m.list.Guardians {
		if m.found[i] != isNew {
			continue
		}
		var all []int
		for _, key := range g.Keys() {
			if !strings.HasPrefix(key, kind) {
				continue
			}
			all = append(all, filter(known[key], func(k int) bool {
				return len(m.taken[k]) == 0 && (g.Email == "" || m.known.guardians[k].Email == "" || m.withChild(i, k))
			})...)
		}
		if len(all) > 0 {
			m.decide(i, all)
		}
	}
}

// byName takes one of the same name who hangs on the same child. Those for whom only one is left come first; what then
// is left to choose is a fault.
func (m *matcher) byName() {
	known := map[string][]int{}
	for k, g := range m.known.guardians {
		known[nameOf(g.FirstName, g.LastName)] = append(known[nameOf(g.FirstName, g.LastName)], k)
	}
	namesakes := func(i int) []int {
		g := m.list.Guardians[i]
		return m.preferred(i, filter(known[nameOf(g.FirstName, g.LastName)], func(k int) bool { return m.withChild(i, k) && m.free(i, k) }))
	}
	var open []int
	for _, without := range []bool{false, true} {
		for i, g := range m.list.Guardians {
			if m.found[i] == isNew && keyless(g) == without {
				open = append(open, i)
			}
		}
	}
	for again := true; again; {
		again = false
		for _, i := range open {
			if m.found[i] != isNew {
				continue
			}
			all := namesakes(i)
			if len(all) != 1 || slices.ContainsFunc(m.beside(i), func(j int) bool {
				return m.found[j] == isNew && slices.Equal(namesakes(j), all)
			}) {
				continue
			}
			again = true
			if m.contradicts(i, all[0]) {
				g := m.list.Guardians[i]
				m.unclear(i, kita.Invalid("", "import.guardian_unsure", "name", g.FirstName+" "+g.LastName))
				continue
			}
			m.claim(i, all[0])
		}
	}
	for _, i := range open {
		if all := namesakes(i); m.found[i] == isNew && len(all) > 0 {
			g := m.list.Guardians[i]
			m.unclear(i, kita.Invalid("", "import.guardian_unclear", "name", g.FirstName+" "+g.LastName))
		}
	}
}

// free: nobody of the list was found to be k yet; or i has only a name, and k those of other children: the list could
// not know that they are one, but the house does.
func (m *matcher) free(i, k int) bool {
	return len(m.taken[k]) == 0 || keyless(m.list.Guardians[i]) && !slices.ContainsFunc(m.taken[k], func(j int) bool {
		return slices.ContainsFunc(m.rows[j], func(row int) bool { return slices.Contains(m.rows[i], row) })
	})
}

// beside are the other guardians of i's children.
func (m *matcher) beside(i int) []int {
	var all []int
	for _, row := range m.rows[i] {
		for _, ref := range m.list.Children[row].Guardians {
			if ref.Guardian != i {
				all = append(all, ref.Guardian)
			}
		}
	}
	return all
}

// contradicts: two or more of e-mail, telephone and address are known on both sides, and none is the same. A mother with
// a new number is found; a father of the same name in the grandfather's place is not.
func (m *matcher) contradicts(i, k int) bool {
	g, known := m.list.Guardians[i], m.known.guardians[k]
	differ := 0
	for _, d := range [][2]string{{g.Email, known.Email}, {g.Phone, known.Phone}, {g.Address, known.Address}} {
		if d[0] == "" || d[1] == "" {
			continue
		}
		if strings.EqualFold(d[0], d[1]) {
			return false
		}
		differ++
	}
	return differ > 1
}
