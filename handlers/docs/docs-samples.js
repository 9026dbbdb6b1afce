// Values as a kita knows them, for examples.

export const id = "01938c3e-7a10-7c3e-9b1a-5f0c2d4e6a88";

export const byFormat = { uuid: id, date: "2026-12-01", "date-time": "2026-12-01T07:30:00Z", binary: "" };

/** byName holds a value per field; where a name means two things, per schema and field. */
export const byName = {
  // people
  first_name: "Mia", last_name: "Yılmaz", child: "Mia Yılmaz", child_name: "Mia Yılmaz", guardian: "Leyla Yılmaz",
  actor: "Jonas Weber", author_name: "Jonas Weber", entered_by_name: "Petra Lindemann", reporter_name: "Leyla Yılmaz",
  "Post-guardiansRequest.first_name": "Leyla", "GuardianView.first_name": "Leyla",
  "Post-staffRequest.first_name": "Jonas", "Post-staffRequest.last_name": "Weber",
  "StaffView.first_name": "Jonas", "StaffView.last_name": "Weber",
  born: "2021-02-03", number: "K-017", allergies: "Peanuts", health_notes: "Wears glasses.",
  phone: "030 1234567", email: "leyla@beispiel.example", address: "Ahornweg 3, 12345 Berlin", language: "de",
  role: "educator", relation: "mother", "ContactView.name": "Oma Ayşe", "ContactView.relation": "grandmother",
  // accounts
  login: "eltern@sonnenschein.example", password: "seven small bears", new: "seven small bears", current: "six small bears",
  scopes: "notices:read", quiet_from: "20:00", quiet_to: "06:30",
  "Post-tokensRequest.name": "Roster", "TokenView.name": "Roster",
  // the house
  name: "Sonnenschein", kita_name: "Sonnenschein", time_zone: "Europe/Berlin", federal_state: "BE", regime: "dsgvo",
  opens: "07:30", closes: "16:30", absence_cut_off: "09:00", escalate_morning: "07:00",
  group: "Bären", colour: "yellow", icon: "bear", "Post-groupsRequest.name": "Bären", "GroupView.name": "Bären",
  "Post-closing-daysRequest.name": "Team day",
  // notices and absences
  kind: "news", "AudienceBody.kind": "kita", state: "published", title: "Trip to the forest",
  body: "We leave at **9**. Please bring boots.", body_html: "<p>We leave at <strong>9</strong>. Please bring boots.</p>", place: "Forest gate",
  day: "2026-12-01", today: "2026-12-01", next_open_day: "2026-12-02", de: "Erkältung", en: "Cold",
  reason: "vacation", illness: "cold", note: "Back on Thursday.", from: "2026-12-01", to: "2026-12-03", ends_on: "2026-12-03",
  "BanView.reason": "Court order of 2026-11-20", "Post-bansRequest.reason": "Court order of 2026-11-20",
  "FileView.name": "forest.jpg", media_type: "image/jpeg",
  // problems
  type: "about:blank", "Problem.title": "Unprocessable Entity", "Problem.status": 422, code: "invalid", detail: "Please check what you entered.",
  field: "title", "FieldError.code": "text.required", "FieldError.detail": "This is missing.",
  // pages and the audit log
  next: "MTc2NDU3", action: "child.changed", "FieldChangeView.field": "allergies", before: "None", "FieldChangeView.after": "Peanuts",
};
