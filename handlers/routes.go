package handlers

import (
	"net/http"

	"morgenkreis/kita"
	"morgenkreis/kita/roster"
	"morgenkreis/store/files"
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
		handle(post, "/session", stranger(), auditNone, "Sign in", s.SignIn).answers(201).limited(),
		handle(get, "/session", anyone().program("people"), auditNone, "Who is signed in", s.WhoAmI),
		handle(remove, "/session", anyone(), auditNone, "Sign out", s.SignOut),
		handle(get, "/sessions", anyone(), auditNone, "My browsers", s.Sessions),
		handle(remove, "/sessions/{id}", anyone(), auditNone, "Sign one of my browsers out", s.EndSession),

		// Accounts, programs, invitations
		handle(patch, "/account", anyone(), auditWrite, "Change my settings", s.ChangeAccount),
		handle(put, "/account/password", anyone(), auditWrite, "Change my password", s.ChangePassword).limited().
			named("All other browsers are signed out."),
		handle(post, "/password-resets", stranger(), auditNone, "I have forgotten my password", s.RequestReset).answers(202).limited().
			named("202, whether there is such an account or not. If there is one, its owner gets a link by e-mail."),
		handle(get, "/tokens", anyone(), auditNone, "My programs", s.Tokens),
		handle(post, "/tokens", anyone(), auditWrite, "Let a program act for me", s.CreateToken).answers(201),
		handle(remove, "/tokens/{id}", anyone(), auditWrite, "End a program", s.DeleteToken),
		handle(get, "/invitations", only(leader, provider, operator), auditNone, "Invitations of a kita, or of a provider", s.Invitations),
		handle(post, "/invitations", only(leader, provider, operator), auditWrite, "Invite, or let somebody choose a new password", s.Invite).
			answers(201).
			named("Answers each code this once. What the same person was given before ends."),
		handle(post, "/invitations/letters", only(leader, provider, operator), auditWrite, "The same, as letters to print (PDF)", s.InviteByLetter).
			sends("application/pdf"),
		handle(remove, "/invitations/{id}", only(leader, provider, operator), auditWrite, "Take an invitation back", s.RevokeInvitation),
		handle(post, "/invitations/lookup", stranger(), auditNone, "What a code is good for", s.LookUpInvitation).limited(),
		handle(post, "/invitations/accept", stranger(), auditWrite, "Use a code", s.AcceptInvitation).answers(201, 200).limited().
			named("201 opens a session; 200 where the signed-in account goes on. A code that is used, ended, taken back or made up: 422, alike."),

		// Providers and kitas
		handle(get, "/providers", only(operator, provider), auditNone, "Providers", s.Providers),
		handle(post, "/providers", only(operator), auditWrite, "Add a provider", s.CreateProvider).answers(201, 200),
		handle(patch, "/providers/{id}", only(operator), auditWrite, "Rename or archive a provider", s.ChangeProvider),
		handle(get, "/kitas", anyone().program("people"), auditNone, "My kitas", s.Kitas),
		handle(post, "/kitas", only(operator, provider), auditWrite, "Open a kita", s.CreateKita).answers(201, 200),
		handle(get, "/kitas/{id}", anyone().program("people"), auditNone, "One kita", s.Kita),
		handle(patch, "/kitas/{id}", only(operator, provider, leader).program("people"), auditWrite, "Change a kita's settings", s.ChangeKita),
		handle(put, "/kitas/{id}/archived", only(operator, provider), auditWrite, "Close a kita, or open it again", s.ArchiveKita),
		handle(get, "/kitas/{id}/counts", only(provider, leader).program("people"), auditNone, "How many, never who", s.KitaCounts),
		handle(get, "/kitas/{id}/overview", only(leader).program("people"), auditNone, "Who can be reached, and absences per week", s.KitaOverview),
		handle(get, "/audit", only(leader), auditNone, "Who did or saw what", s.Audit),

		// Guardians, contact bans, team
		handle(get, "/guardians", only(leader, educator, guardian).program("people"), auditNone, "Guardians of a kita, by last name", s.Guardians),
		handle(post, "/guardians", only(leader).program("people"), auditWrite, "Open a guardian's record", s.CreateGuardian).answers(201, 200),
		handle(get, "/guardians/{id}", only(leader, educator, guardian).program("people"), auditRead, "One guardian",
			audited(s.store, "guardian.read", s.Guardian)),
		handle(patch, "/guardians/{id}", only(leader, guardian).program("people"), auditWrite, "Change a guardian's record", s.ChangeGuardian).
			named("Leaders change everything, guardians their own phone, e-mail, address and language."),
		handle(put, "/guardians/{id}/archived", only(leader).program("people"), auditWrite, "Put a guardian's record away, or take it out again", s.ArchiveGuardian),
		handle(put, "/guardians/{id}/children/{child_id}", only(leader).program("people"), auditWrite, "Tie a guardian to a child, or change the tie", s.TieGuardian),
		handle(remove, "/guardians/{id}/children/{child_id}", only(leader).program("people"), auditWrite, "Take the tie away", s.UntieGuardian).
			named("What was addressed to the guardian about this child alone goes with it."),
		handle(get, "/bans", only(leader, educator, operator), auditRead, "Contact bans of a kita", audited(s.store, "ban.list", s.Bans)),
		handle(post, "/bans", only(leader), auditWrite, "Enter a contact ban", s.CreateBan).answers(201, 200).
			named("It holds at once, whatever else the guardian is to the kita."),
		handle(post, "/bans/{id}/lift", only(leader, operator), auditWrite, "Ask for a ban's end, or agree to it", s.LiftBan).
			named("A ban ends with the word of two leaders, or of the operator."),
		handle(get, "/staff", anyone().program("people"), auditNone, "The team of a kita, by last name", s.Staff),
		handle(post, "/staff", only(leader, provider, operator).program("people"), auditWrite, "Open a colleague's record", s.CreateStaff).
			answers(201, 200),
		handle(patch, "/staff/{id}", only(leader, provider, operator).program("people"), auditWrite, "Change a colleague's record", s.ChangeStaff),
		handle(put, "/staff/{id}/groups", only(leader, provider, operator).program("people"), auditWrite, "Give a colleague groups", s.ChangeStaffGroups),
		handle(put, "/staff/{id}/archived", only(leader, provider, operator).program("people"), auditWrite, "A colleague leaves, or comes back", s.ArchiveStaff),

		// Groups, children, calendar
		handle(get, "/groups", only(leader, educator, guardian).program("people"), auditNone, "Groups, by name", s.Groups),
		handle(post, "/groups", only(leader).program("people"), auditWrite, "Open a group", s.CreateGroup).answers(201, 200),
		handle(get, "/groups/{id}", only(leader, educator, guardian).program("people"), auditNone, "One group", s.Group),
		handle(patch, "/groups/{id}", only(leader).program("people"), auditWrite, "Change a group", s.ChangeGroup),
		handle(put, "/groups/{id}/archived", only(leader).program("people"), auditWrite, "Put a group away, or take it out again", s.ArchiveGroup).
			named("Refused while children are placed in it, today or later."),
		handle(get, "/children", only(leader, educator, guardian).program("people"), auditNone, "Children, by last name", s.Children),
		handle(post, "/children", only(leader).program("people"), auditWrite, "Take a child in", s.CreateChild).answers(201, 200),
		handle(get, "/children/{id}", only(leader, educator, guardian).program("people"), auditRead, "One child, with all that hangs on it",
			audited(s.store, "child.read", s.Child)),
		handle(patch, "/children/{id}", only(leader, guardian).program("people"), auditWrite, "Correct a child's record", s.ChangeChild).
			named("Leaders correct everything, guardians allergies and health notes."),
		handle(put, "/children/{id}/archived", only(leader).program("people"), auditWrite, "Put a child's record away, or take it out again", s.ArchiveChild),
		handle(put, "/children/{id}/emergency-contacts", only(leader, guardian).program("people"), auditWrite, "Whom to ring: the whole list", s.ReplaceContacts),
		handle(post, "/children/{id}/placements", only(leader).program("people"), auditWrite, "Move a child to another group from a day on", s.PlaceChild).
			answers(201, 200).
			named("What holds on that day ends the day before, or is replaced when it begins then. What begins later stays: 409 names it."),
		handle(post, "/placements/move", only(leader).program("people"), auditWrite, "Move several children on one day, all or none", s.MoveChildren).
			answers(201, 200),
		handle(put, "/placements/{id}", only(leader).program("people"), auditWrite, "Correct group and days of a placement", s.ChangePlacement),
		handle(remove, "/placements/{id}", only(leader).program("people"), auditWrite, "Take a placement away, or undo a move", s.DeletePlacement),
		handle(post, "/imports", only(leader).program("people"), auditWrite, "Bring in a kita's own list", s.Import).file(roster.MaxBytes + 1<<20).named(
			"The body is the list itself, CSV or XLSX (docs/import.md), at most 10 MiB and 5,000 children. All of it is written, or, when a row is at fault, nothing: " +
				"422 with one error per fault, its `field` being the place, as `line 17, column Geburtsdatum`. The same list again changes nothing."),
		handle(get, "/calendar", anyone().program("people"), auditNone, "Holidays and closing days", s.Calendar),
		handle(post, "/closing-days", only(leader).program("people"), auditWrite, "Shut the kita for a day", s.CreateClosingDay).answers(201, 200),
		handle(remove, "/closing-days/{id}", only(leader).program("people"), auditWrite, "Open it again on that day", s.DeleteClosingDay),

		// Notices
		handle(get, "/notices", anyone().program("notices"), auditNone, "Notices, newest first", s.Notices),
		handle(post, "/notices", only(leader, educator, provider).program("notices"), auditWrite, "Publish a notice", s.CreateNotice).answers(201, 200),
		handle(post, "/notices/preview", only(leader, educator, provider).program("notices"), auditNone, "Who would get it", s.PreviewNotice),
		handle(get, "/notices/{id}", anyone().program("notices"), auditNone, "One notice", s.Notice),
		handle(patch, "/notices/{id}", only(leader, educator, provider).program("notices"), auditWrite, "Correct a notice", s.CorrectNotice),
		handle(post, "/notices/{id}/withdrawal", only(leader, educator, provider).program("notices"), auditWrite, "Withdraw a notice", s.WithdrawNotice),
		handle(get, "/notices/{id}/versions", only(leader, educator, provider).program("notices"), auditNone, "What it said before", s.NoticeVersions),
		handle(get, "/notices/{id}/recipients", only(leader, educator, provider).program("notices"), auditRead, "The ledger, person by person",
			audited(s.store, "notice.recipients", s.NoticeRecipients)),
		handle(put, "/notices/{id}/recipients/{recipient_id}/called", only(leader, educator, provider), auditWrite, "They were rung up", s.MarkCalled),
		handle(post, "/notices/{id}/reminders", only(leader, educator, provider).program("notices"), auditWrite, "Remind those who have not confirmed", s.RemindNotice),
		handle(put, "/notices/{id}/opened", anyone().program("notices"), auditNone, "I have read it", s.MarkOpened),
		handle(put, "/notices/{id}/confirmed", anyone().program("notices"), auditNone, "I confirm it, or take that back", s.MarkConfirmed),

		// Attachments
		handle(post, "/files", only(leader, educator, provider).program("notices"), auditWrite, "Upload an attachment", s.Upload).
			answers(201, 200).file(files.MaxBytes + 1<<20),
		handle(get, "/files/{id}", anyone().program("notices"), auditNone, "One attachment", s.FileInfo),
		handle(get, "/files/{id}/content", anyone().program("notices"), auditNone, "Its bytes", s.FileContent).
			answers(200, 206).sends("image/jpeg", "image/png", "image/webp", "application/pdf"),
		handle(get, "/files/{id}/thumbnail", anyone().program("notices"), auditNone, "Its small picture", s.FileThumbnail).answers(200, 206).sends("image/jpeg"),

		// Push
		handle(get, "/push/key", stranger(), auditNone, "The key to subscribe with", s.PushKeyOf),
		handle(get, "/push/subscriptions", anyone(), auditNone, "My devices", s.Subscriptions),
		handle(post, "/push/subscriptions", anyone(), auditNone, "Add this device", s.Subscribe).answers(201, 200),
		handle(patch, "/push/subscriptions/{id}", anyone(), auditNone, "Name a device", s.RenameSubscription),
		handle(remove, "/push/subscriptions/{id}", anyone(), auditNone, "Remove a device", s.Unsubscribe),
		handle(post, "/push/subscriptions/{id}/test", anyone(), auditNone, "Send me a test", s.TestPush).answers(202).limited(),
		handle(post, "/push/receipts", stranger(), auditNone, "A device showed it", s.PushReceipt),

		// Absences
		handle(get, "/absences", only(leader, educator, guardian).program("absences"), auditRead, "Who is absent",
			auditedForStaff(s.store, "absence.list", s.Absences)),
		handle(post, "/absences", only(leader, educator, guardian).program("absences"), auditWrite, "Report a child absent", s.ReportAbsence).
			answers(201, 200).named(
			"201 with the absence. A report that shares a day with an earlier one of the same reason, or follows it without a day between, is joined to it: " +
				"200 with the earlier one's id and `joined`. The same report again is 200, joined or not. What can not be joined is 409."),
		handle(get, "/absences/options", only(leader, educator, guardian).program("absences"), auditNone, "What can be reported, and until when", s.AbsenceOptions),
		handle(get, "/absences/today", only(leader, educator).program("absences"), auditRead, "Today, per group",
			audited(s.store, "absence.today", s.AbsencesToday)),
		handle(get, "/absences/{id}", only(leader, educator, guardian).program("absences"), auditRead, "One absence",
			auditedForStaff(s.store, "absence.read", s.Absence)),
		handle(patch, "/absences/{id}", only(leader, educator, guardian).program("absences"), auditWrite, "Correct a report", s.ChangeAbsence).named(
			"Guardians can add and take away days until their cut-off, so a running absence ends early by an earlier `to`."),
		handle(remove, "/absences/{id}", only(leader, educator, guardian).program("absences"), auditWrite, "Withdraw a report", s.WithdrawAbsence),

		// Live
		handle(get, eventsPath, anyone().program("notices", "absences", "people"), auditNone, "What changes, while it changes", s.Listen).streams().named(
			"Server-sent events. Each names a kind, as its `event`, and in `data` the kita and the notice, child or group (`id`) that is to be read again by the ordinary routes; " +
				"nothing of its content. You hear only of what these routes would show you. `again` means: read everything again. " +
				"The stream ends when the session or the token does, and when your access changes: come back, then. A program needs the scope of what it wants to hear of."),
	}
}
