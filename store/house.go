package store

import (
	"context"

	"morgenkreis/kita"
)

const kitaColumns = `id, provider_id, name, time_zone, federal_state, opens, closes, absence_cut_off, regime, language, phone,
title_only, educators_see_all, escalate_urgent_after, escalate_morning, demo, created_at, archived_at`

// mineKitas: the kitas an account has to do with, as staff, guardian or member of the provider; all of them for the operator.
// A kita that was closed is there for those alone who can open it again.
const mineKitas = `
select k.*
from   kitas k
where  (exists (select 1 from accounts a where a.id = ? and a.operator)
     or exists (select 1 from speakers m where m.provider_id = k.provider_id and m.account_id = ?)
     or k.archived_at is null
        and (exists (select 1 from staff s where s.kita_id = k.id and s.account_id = ? and s.archived_at is null)
          or exists (select 1 from guardians g where g.kita_id = k.id and g.account_id = ? and g.archived_at is null)))`

// Kitas are those the viewer has to do with, by name; archived ones too for the operator and the provider when asked.
func (s *Store) Kitas(ctx context.Context, v kita.Viewer, archived bool) ([]kita.Kita, error) {
	q := s.as(v)
	defer q.end()
	a := v.AccountID()
	clause := " and k.archived_at is null"
	if archived && v.Has(kita.RoleOperator, kita.RoleProvider) {
		clause = ""
	}
	return list[kita.Kita](ctx, q, mineKitas+clause+" order by k.name, k.id", a, a, a, a)
}

// Kita is one of those.
func (s *Store) Kita(ctx context.Context, v kita.Viewer, id kita.ID) (kita.Kita, error) {
	q := s.as(v)
	defer q.end()
	return kitaFor(ctx, q, v, id)
}

func kitaFor(ctx context.Context, q query, v kita.Viewer, id kita.ID) (kita.Kita, error) {
	a := v.AccountID()
	return get[kita.Kita](ctx, q, mineKitas+" and k.id = ?", a, a, a, a, id)
}

// manages narrows a change of kita k to its leaders, as long as it is open, its provider and the operator.
const manages = `
   (exists (select 1 from accounts a where a.id = ? and a.operator)
 or exists (select 1 from speakers m where m.provider_id = k.provider_id and m.account_id = ?)
 or k.archived_at is null
    and exists (select 1 from staff s where s.kita_id = k.id and s.account_id = ? and s.role = 'leader' and s.archived_at is null))`

func managedKita(tx *Tx, v kita.Viewer, id kita.ID) (kita.Kita, error) {
	a := v.AccountID()
	return get[kita.Kita](tx.ctx, tx.as(v), `select k.* from kitas k where k.id = ? and `+manages, id, a, a, a)
}

// ledKita is the kita when the viewer is one of its leaders, ErrNotFound for everybody else.
func ledKita(ctx context.Context, q query, v kita.Viewer, id kita.ID) (kita.Kita, error) {
	return get[kita.Kita](ctx, q, `select k.* from kitas k where k.id = ? and k.archived_at is null
and exists (select 1 from staff s where s.kita_id = k.id and s.account_id = ? and s.role = 'leader' and s.archived_at is null)`,
		id, v.AccountID())
}

// CreateKita opens a kita of a provider: for the operator, and for the provider's own members. Sending the same again is
// harmless; again tells so.
func (s *Store) CreateKita(ctx context.Context, v kita.Viewer, k kita.Kita) (_ kita.Kita, again bool, err error) {
	k = k.WithDefaults()
	if err := k.Check(); err != nil {
		return k, false, err
	}
	asked := k
	err = s.write(ctx, func(tx *Tx) (err error) {
		allowed, err := get[int](ctx, tx.as(v), `select count(*) from providers p where p.id = ? and p.archived_at is null
and (exists (select 1 from accounts a where a.id = ? and a.operator)
  or exists (select 1 from speakers m where m.provider_id = p.id and m.account_id = ?))`, k.ProviderID, v.AccountID(), v.AccountID())
		if err == nil && allowed == 0 {
			err = kita.Invalid("provider_id", "provider.unknown")
		}
		if err != nil {
			return err
		}
		k = asked
		if again, err = tx.creation(v, k.ID, k); err != nil {
			return err
		}
		if again {
			k, err = kitaFor(ctx, tx.as(v), v, k.ID)
			return err
		}
		k.CreatedAt = tx.now
		// A kita that a visitor opens in the demo is part of the demo, which would not start again beside a real one.
		if k.Demo, err = get[bool](ctx, tx, `select exists (select 1 from meta where key = ?)`, demoMark); err != nil {
			return err
		}
		if err := tx.insert("kitas", kitaColumns, k); err != nil {
			return err
		}
		tx.tell(kita.ChangeKitas, k.ID, "")
		if err := tx.readmitSpeakers(k.ProviderID); err != nil {
			return err
		}
		return tx.audit(v, k.ID, "kita.create", k.ID)
	})
	return k, again, err
}

// ChangeKita lets change work on a kita the viewer manages, and keeps the result when it holds.
func (s *Store) ChangeKita(ctx context.Context, v kita.Viewer, id kita.ID, change func(*kita.Kita) error) (k kita.Kita, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if k, err = managedKita(tx, v, id); err != nil {
			return err
		}
		if err := change(&k); err != nil {
			return err
		}
		if err := k.Check(); err != nil {
			return err
		}
		if err := tx.update("kitas", `name, time_zone, federal_state, opens, closes, absence_cut_off, regime, language, phone,
title_only, educators_see_all, escalate_urgent_after, escalate_morning`, k); err != nil {
			return err
		}
		tx.tell(kita.ChangeKitas, id, "")
		return tx.audit(v, id, "kita.change", id)
	})
	return k, err
}

const governedKita = `
select k.*
from   kitas k
where  k.id = ?
and    (exists (select 1 from accounts a where a.id = ? and a.operator)
     or exists (select 1 from speakers m where m.provider_id = k.provider_id and m.account_id = ?))`

// ArchiveKita closes a kita, or opens it again: for the operator and the provider.
func (s *Store) ArchiveKita(ctx context.Context, v kita.Viewer, id kita.ID, archived bool) (k kita.Kita, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if k, err = get[kita.Kita](ctx, tx.as(v), governedKita, id, v.AccountID(), v.AccountID()); err != nil {
			return err
		}
		k.ArchivedAt = nil
		if archived {
			k.ArchivedAt = &tx.now
		}
		if err := tx.update("kitas", "archived_at", k); err != nil {
			return err
		}
		tx.tell(kita.ChangeKitas, id, "")
		tx.tell(kita.ChangeAccess, id, "")
		return tx.audit(v, id, "kita.archive", id)
	})
	return k, err
}

// Counts are what a provider may know of a kita: how many, never who.
type Counts struct {
	Groups    int `db:"groups"`
	Children  int `db:"children"`
	Guardians int `db:"guardians"`
	Reachable int `db:"reachable"`
	Staff     int `db:"staff"`
	Absent    int `db:"absent"`
	// Refused counts devices whose push service refuses this server: the operator has to look at doctor.
	Refused int `db:"refused"`
}

// countedKita: the house counts, for those as well who may see none of those counted.
const countedKita = `
select k.id
from   kitas k
where  k.id = ?
and    (exists (select 1 from speakers m where m.provider_id = k.provider_id and m.account_id = ?)
     or k.archived_at is null
        and exists (select 1 from staff s where s.kita_id = k.id and s.account_id = ? and s.role = 'leader' and s.archived_at is null))`

const countsOfKita = `
select (select count(*) from groups g where g.kita_id = k.id and g.archived_at is null) as groups,
       (select count(*) from children c where c.kita_id = k.id and c.archived_at is null) as children,
       (select count(*) from guardians g where g.kita_id = k.id and g.archived_at is null) as guardians,
       (select count(*) from guardians g where g.kita_id = k.id and g.archived_at is null
        and exists (select 1 from subscriptions p where p.account_id = g.account_id)) as reachable,
       (select count(*) from staff s where s.kita_id = k.id and s.archived_at is null) as staff,
       (select count(distinct a.child_id) from absences a where a.kita_id = k.id and a.withdrawn_at is null
        and a.from_day <= ? and a.to_day >= ?) as absent,
       (select count(distinct p.id) from guardians g join subscriptions p on p.account_id = g.account_id
        where g.kita_id = k.id and g.archived_at is null and p.trouble <> '') as refused
from   kitas k
where  k.id = ?`

// Counts of a kita on the viewer's day, for its provider and its leaders.
func (s *Store) Counts(ctx context.Context, v kita.Viewer, id kita.ID) (Counts, error) {
	q := s.as(v)
	_, err := get[kita.ID](ctx, q, countedKita, id, v.AccountID(), v.AccountID())
	q.end()
	if err != nil {
		return Counts{}, err
	}
	return get[Counts](ctx, s.db, countsOfKita, v.Today(), v.Today(), id)
}

// Providers are all of them for the operator, and the viewer's own.
func (s *Store) Providers(ctx context.Context, v kita.Viewer) ([]kita.Provider, error) {
	q := s.as(v)
	defer q.end()
	return list[kita.Provider](ctx, q, `select p.* from providers p
where exists (select 1 from accounts a where a.id = ? and a.operator)
or    exists (select 1 from speakers m where m.provider_id = p.id and m.account_id = ?)
order by p.name, p.id`, v.AccountID(), v.AccountID())
}

// CreateProvider is for the operator.
func (s *Store) CreateProvider(ctx context.Context, v kita.Viewer, p kita.Provider) (_ kita.Provider, again bool, err error) {
	if err := p.Check(); err != nil {
		return p, false, err
	}
	if !v.Operator() {
		return p, false, kita.ErrNotFound
	}
	asked := p
	err = s.write(ctx, func(tx *Tx) (err error) {
		p = asked
		if again, err = tx.creation(v, p.ID, p); err != nil {
			return err
		}
		if again {
			p, err = get[kita.Provider](ctx, tx.as(v), `select * from providers where id = ?`, p.ID)
			return err
		}
		p.CreatedAt = tx.now
		if err := tx.insert("providers", "id, name, created_at, archived_at", p); err != nil {
			return err
		}
		return tx.audit(v, "", "provider.create", p.ID)
	})
	return p, again, err
}

// ChangeProvider renames or archives; for the operator.
func (s *Store) ChangeProvider(ctx context.Context, v kita.Viewer, id kita.ID, change func(*kita.Provider)) (p kita.Provider, err error) {
	if !v.Operator() {
		return p, kita.ErrNotFound
	}
	err = s.write(ctx, func(tx *Tx) error {
		if p, err = get[kita.Provider](ctx, tx.as(v), `select * from providers where id = ?`, id); err != nil {
			return err
		}
		change(&p)
		if err := p.Check(); err != nil {
			return err
		}
		if err := tx.update("providers", "name, archived_at", p); err != nil {
			return err
		}
		if err := tx.readmitSpeakers(id); err != nil {
			return err
		}
		return tx.audit(v, "", "provider.change", id)
	})
	return p, err
}
