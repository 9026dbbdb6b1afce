package kita

import "slices"

// Role is what an account is to one kita or provider.
type Role string

// The roles of DESIGN's table; an account can hold several at once.
const (
	RoleOperator Role = "operator"
	RoleProvider Role = "provider"
	RoleLeader   Role = "leader"
	RoleEducator Role = "educator"
	RoleGuardian Role = "guardian"
)

// Membership ties an account to one kita (or, for RoleProvider, to one provider) through one person record.
type Membership struct {
	Role       Role   `db:"role"`
	KitaID     ID     `db:"kita_id"`
	ProviderID ID     `db:"provider_id"`
	PersonID   ID     `db:"person_id"`
	Name       string `db:"name"`
	KitaName   string `db:"kita_name"`
	TimeZone   string `db:"time_zone"`
}

// Viewer is who is asking. Its fields are closed: only sign-in builds one (store/session.go, store/token.go),
// so that no handler can make itself somebody. What a viewer may see is decided in SQL from the account's id at
// the moment of the question; the memberships here are for greeting people and for refusing early.
type Viewer struct {
	accountID   ID
	name        string
	operator    bool
	memberships []Membership
	today       Day
	sessionID   ID
	scopes      []string
	requestID   string
}

// Credentials is what sign-in knows of an account.
type Credentials struct {
	AccountID   ID
	Name        string
	Operator    bool
	Memberships []Membership
	// Today is the calendar day at the kita of the first membership (Europe/Berlin without any).
	Today Day
	// SessionID is empty for programs.
	SessionID ID
	// Scopes is nil for people; programs may do only what it names.
	Scopes []string
}

// SignedIn makes the Viewer for an account whose password, session or token was checked just now.
func SignedIn(c Credentials) Viewer {
	return Viewer{accountID: c.AccountID, name: c.Name, operator: c.Operator, memberships: c.Memberships,
		today: c.Today, sessionID: c.SessionID, scopes: c.Scopes}
}

// AccountID is empty for a stranger.
func (v Viewer) AccountID() ID { return v.accountID }

// Name is the account's own.
func (v Viewer) Name() string { return v.name }

// SessionID is the browser session asking, empty for programs.
func (v Viewer) SessionID() ID { return v.sessionID }

// Today is the calendar day where the viewer is.
func (v Viewer) Today() Day { return v.today }

// Known tells whether anybody is signed in.
func (v Viewer) Known() bool { return v.accountID != "" }

// Operator tells whether the account runs the server.
func (v Viewer) Operator() bool { return v.operator }

// Memberships is a copy of what the account is, to whom.
func (v Viewer) Memberships() []Membership { return slices.Clone(v.memberships) }

// Has tells whether the account holds any of the roles anywhere.
func (v Viewer) Has(roles ...Role) bool {
	if v.operator && slices.Contains(roles, RoleOperator) {
		return true
	}
	return slices.ContainsFunc(v.memberships, func(m Membership) bool { return slices.Contains(roles, m.Role) })
}

// HasIn tells whether the account holds any of the roles in that kita.
func (v Viewer) HasIn(kitaID ID, roles ...Role) bool {
	return slices.ContainsFunc(v.memberships, func(m Membership) bool {
		return m.KitaID == kitaID && slices.Contains(roles, m.Role)
	})
}

// NameIn is the name the kita's own records give the account, its own name elsewhere.
func (v Viewer) NameIn(kitaID ID) string {
	for _, m := range v.memberships {
		if m.KitaID == kitaID && m.Name != "" {
			return m.Name
		}
	}
	return v.name
}

// Program tells whether an API token is asking.
func (v Viewer) Program() bool { return v.scopes != nil }

// May tells whether the scope (as "notices:write") is granted; people are not bound by scopes.
func (v Viewer) May(scope string) bool { return v.scopes == nil || slices.Contains(v.scopes, scope) }

// WithRequest ties the viewer to one request, for the audit.
func (v Viewer) WithRequest(id string) Viewer { v.requestID = id; return v }

// RequestID is the request the viewer is asking in.
func (v Viewer) RequestID() string { return v.requestID }
