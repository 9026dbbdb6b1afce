package store

import (
	"slices"

	"morgenkreis/kita"
)

// tell announces with the transaction that something is to be read again: everywhere when it commits, nowhere when it does
// not. The same is told once.
func (tx *Tx) tell(kind kita.ChangeKind, kitaID, id kita.ID) {
	if c := (kita.Change{Kind: kind, KitaID: kitaID, ID: id}); !slices.Contains(tx.changes, c) {
		tx.changes = append(tx.changes, c)
	}
}

// wake tells those who send that there is something to send.
func (tx *Tx) wake() { tx.tell(kita.ChangeOutbox, "", "") }

// regroup tells what changed for a child, and for the groups that it left or came to.
func (tx *Tx) regroup(kitaID, child kita.ID, groups ...kita.ID) {
	tx.tell(kita.ChangeChildren, kitaID, child)
	for _, g := range groups {
		tx.tell(kita.ChangeGroups, kitaID, g)
	}
}

// readmit sends these accounts back to the door, wherever they watch: what they may see is another.
func (tx *Tx) readmit(accounts ...kita.ID) {
	for _, a := range accounts {
		tx.tell(kita.ChangeAccess, "", a)
	}
}

// readmitPerson readmits the account behind a guardian's record, if there is one.
func (tx *Tx) readmitPerson(guardian kita.ID) error {
	accounts, err := list[kita.ID](tx.ctx, tx, `select account_id from guardians where id = ? and account_id is not null`, guardian)
	tx.readmit(accounts...)
	return err
}

// tellFamily tells all who have to do with a child whose record comes or goes: its group's team, and, since they may not
// see it any more, its guardians.
func (tx *Tx) tellFamily(k kita.Kita, child kita.ID) error {
	groups, err := list[kita.ID](tx.ctx, tx, `select group_id from placements where kita_id = ? and child_id = ? and to_day >= ?`, k.ID, child, k.Today(tx.now.Time))
	if err != nil {
		return err
	}
	tx.regroup(k.ID, child, groups...)
	accounts, err := list[kita.ID](tx.ctx, tx, `select distinct g.account_id from guardian_children gc join guardians g on g.kita_id = gc.kita_id and g.id = gc.guardian_id
where gc.kita_id = ? and gc.child_id = ? and g.account_id is not null`, k.ID, child)
	tx.readmit(accounts...)
	return err
}

// readmitStaff readmits a colleague who has an account.
func (tx *Tx) readmitStaff(p StaffSeen) {
	if p.AccountID != nil {
		tx.readmit(*p.AccountID)
	}
}

// readmitSpeakers readmits those who speak for a provider.
func (tx *Tx) readmitSpeakers(provider kita.ID) error {
	accounts, err := list[kita.ID](tx.ctx, tx, `select account_id from provider_members where provider_id = ?`, provider)
	tx.readmit(accounts...)
	return err
}

// tellLedgers tells that recipients of these notices changed their state.
func (tx *Tx) tellLedgers(notices []noticeOf) {
	for _, n := range notices {
		tx.tell(kita.ChangeLedger, n.KitaID, n.NoticeID)
	}
}

type noticeOf struct {
	KitaID   kita.ID `db:"kita_id"`
	NoticeID kita.ID `db:"notice_id"`
}
