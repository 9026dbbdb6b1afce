package store

import (
	"context"
	"strings"

	"morgenkreis/kita"
)

// Population is rows as they are: a demo kita, a generated world, an installation that moves house.
type Population struct {
	Accounts          []kita.Account
	Providers         []kita.Provider
	ProviderMembers   []ProviderMember
	Kitas             []kita.Kita
	ClosingDays       []ClosingDayRow
	Groups            []kita.Group
	Children          []kita.Child
	EmergencyContacts []kita.EmergencyContact
	Placements        []kita.Placement
	Guardians         []kita.Guardian
	Ties              []kita.Tie
	Bans              []kita.ContactBan
	Staff             []kita.Staff
	StaffGroups       []StaffGroup
	Subscriptions     []kita.Subscription
	Absences          []kita.Absence
}

// ProviderMember ties an account to a provider.
type ProviderMember struct {
	ProviderID kita.ID `db:"provider_id"`
	AccountID  kita.ID `db:"account_id"`
}

// StaffGroup ties a colleague to a group.
type StaffGroup struct {
	KitaID  kita.ID `db:"kita_id"`
	StaffID kita.ID `db:"staff_id"`
	GroupID kita.ID `db:"group_id"`
}

// ClosingDayRow is a closing day with the time of its entry.
type ClosingDayRow struct {
	kita.ClosingDay
	CreatedAt kita.Instant `db:"created_at"`
}

const (
	groupColumns      = "id, kita_id, name, colour, icon, created_at, archived_at"
	childColumns      = "id, kita_id, number, first_name, last_name, born, allergies, health_notes, created_at, archived_at"
	contactColumns    = "id, kita_id, child_id, name, phone, relation, position"
	placementColumns  = "id, kita_id, child_id, group_id, from_day, to_day, created_at"
	guardianColumns   = "id, kita_id, account_id, first_name, last_name, email, phone, address, language, created_at, archived_at"
	tieColumns        = "kita_id, guardian_id, child_id, relation, custody, may_pick_up, receives_notices, created_at"
	banColumns        = "id, kita_id, guardian_id, child_id, reason, entered_by, entered_at, lift_requested_by, lift_requested_at, lifted_by, lifted_at"
	staffColumns      = "id, kita_id, account_id, first_name, last_name, role, email, phone, language, created_at, archived_at"
	staffGroupColumns = "kita_id, staff_id, group_id"
	absenceColumns    = "id, kita_id, child_id, from_day, to_day, reason, illness, note, reported_by, reporter_name, by_guardian, created_at, withdrawn_at, withdrawn_by"
)

// SystemPopulate writes p in one transaction, all or nothing; the rows were checked by whoever made them.
func (s *Store) SystemPopulate(ctx context.Context, p Population) error {
	return s.write(ctx, func(tx *Tx) error {
		for _, f := range []func() error{
			func() error { return insertAll(tx, "accounts", accountColumns, p.Accounts) },
			func() error { return insertAll(tx, "providers", "id, name, created_at, archived_at", p.Providers) },
			func() error { return insertAll(tx, "provider_members", "provider_id, account_id", p.ProviderMembers) },
			func() error { return insertAll(tx, "kitas", kitaColumns, p.Kitas) },
			func() error {
				return insertAll(tx, "closing_days", "id, kita_id, day, name, created_at", p.ClosingDays)
			},
			func() error { return insertAll(tx, "groups", groupColumns, p.Groups) },
			func() error { return insertAll(tx, "children", childColumns, p.Children) },
			func() error { return insertAll(tx, "emergency_contacts", contactColumns, p.EmergencyContacts) },
			func() error { return insertAll(tx, "placements", placementColumns, p.Placements) },
			func() error { return insertAll(tx, "guardians", guardianColumns, p.Guardians) },
			func() error { return insertAll(tx, "guardian_children", tieColumns, p.Ties) },
			func() error { return insertAll(tx, "contact_bans", banColumns, p.Bans) },
			func() error { return insertAll(tx, "staff", staffColumns, p.Staff) },
			func() error { return insertAll(tx, "staff_groups", staffGroupColumns, p.StaffGroups) },
			func() error {
				return insertAll(tx, "subscriptions", subscriptionFields+", service", subscriptionRows(p.Subscriptions))
			},
			func() error { return insertAll(tx, "absences", absenceColumns, p.Absences) },
		} {
			if err := f(); err != nil {
				return err
			}
		}
		return nil
	})
}

// insertAll writes rows by the hundred: a statement each is a round trip each, and one for all has too many values.
func insertAll[T any](tx *Tx, table, columns string, rows []T) error {
	names := strings.Fields(strings.ReplaceAll(columns, ",", " "))
	statement := "insert into " + table + " (" + strings.Join(names, ", ") + ") values (:" + strings.Join(names, ", :") + ")"
	for len(rows) > 0 {
		n := min(len(rows), 500)
		if _, err := tx.NamedExecContext(tx.ctx, statement, rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
