package kita

import "strings"

// codeAlphabet is Crockford's base32: no I, L, O, U, so that what is read from paper is typed right.
const codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// CodeBytes is how many random bytes NewCode wants: one for each character.
const CodeBytes = 20

// NewCode writes random as an invitation's code: 20 characters of Crockford's base32, 100 bits of chance, in groups of
// four as they are printed.
func NewCode(random [CodeBytes]byte) string {
	var b strings.Builder
	for i, r := range random {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(codeAlphabet[r%32])
	}
	return b.String()
}

// NormalCode is a typed code as it is compared: upper case, without spaces and dashes, with O read as 0 and I and L as 1.
// It is empty for what can be no code.
func NormalCode(typed string) string {
	if len(typed) > 200 {
		return ""
	}
	var b strings.Builder
	for _, r := range strings.ToUpper(typed) {
		switch {
		case strings.ContainsRune(" \t\r\n\u00a0\u202f-\u2010\u2011\u2012\u2013\u2014\u2212_.", r):
			continue
		case r == 'O':
			r = '0'
		case r == 'I', r == 'L':
			r = '1'
		}
		if !strings.ContainsRune(codeAlphabet, r) {
			return ""
		}
		b.WriteRune(r)
	}
	if b.Len() != CodeBytes {
		return ""
	}
	return b.String()
}

// Invitees says whom to invite: guardians or staff of a kita, all guardians of a group who have no account yet, or
// somebody to speak for a provider. Exactly one of the last four is set.
type Invitees struct {
	KitaID      ID
	GuardianIDs []ID
	StaffIDs    []ID
	GroupID     ID
	ProviderID  ID
}

// Check names what is wrong with i.
func (i Invitees) Check() error {
	n := 0
	for _, set := range []bool{len(i.GuardianIDs) > 0, len(i.StaffIDs) > 0, i.GroupID != "", i.ProviderID != ""} {
		if set {
			n++
		}
	}
	if n != 1 {
		return Invalid("body", "invitation.whom")
	}
	if i.ProviderID == "" && i.KitaID == "" {
		return Invalid("kita_id", "text.required")
	}
	return nil
}
