package handlers

import (
	"net/http"

	"morgenkreis/kita"
)

const (
	get    = http.MethodGet
	post   = http.MethodPost
	put    = http.MethodPut
	patch  = http.MethodPatch
	remove = http.MethodDelete
)

const (
	operator = kita.RoleOperator
	provider = kita.RoleProvider
	leader   = kita.RoleLeader
	educator = kita.RoleEducator
	guardian = kita.RoleGuardian
)

// routes is the whole API, to be read from top to bottom: what, who may knock, what the log keeps. What they are then
// shown is decided in SQL.
func (s *Server) routes() []route {
	return []route{
		// Signing in
		handle(post, "/session", stranger(), auditNone, "Sign in", s.SignIn),
		handle(get, "/session", anyone().program("people"), auditNone, "Who is signed in", s.WhoAmI),
		handle(remove, "/session", anyone(), auditNone, "Sign out", s.SignOut),
		handle(get, "/sessions", anyone(), auditNone, "My browsers", s.Sessions),
		handle(remove, "/sessions/{id}", anyone(), auditNone, "Sign one of my browsers out", s.EndSession),

		// Providers and kitas
		handle(get, "/providers", only(operator, provider), auditNone, "Providers", s.Providers),
		handle(post, "/providers", only(operator), auditWrite, "Add a provider", s.CreateProvider),
		handle(patch, "/providers/{id}", only(operator), auditWrite, "Rename or archive a provider", s.ChangeProvider),
		handle(get, "/kitas", anyone().program("people"), auditNone, "My kitas", s.Kitas),
		handle(post, "/kitas", only(operator, provider), auditWrite, "Open a kita", s.CreateKita),
		handle(get, "/kitas/{id}", anyone().program("people"), auditNone, "One kita", s.Kita),
		handle(patch, "/kitas/{id}", only(operator, provider, leader).program("people"), auditWrite, "Change a kita's settings", s.ChangeKita),
		handle(put, "/kitas/{id}/archived", only(operator, provider), auditWrite, "Close a kita, or open it again", s.ArchiveKita),
		handle(get, "/kitas/{id}/counts", only(provider, leader).program("people"), auditNone, "How many, never who", s.KitaCounts),
		handle(get, "/audit", only(leader), auditNone, "Who did or saw what", s.Audit),
	}
}
