package notify

import (
	"crypto/sha256"
	"encoding/base64"

	"morgenkreis/kita"
)

// Urgency is the header of RFC 8030, section 5.3. Only urgent is high: it wakes a phone whose battery is low, and
// services slow down whoever calls everything so. A closure is planned ahead; the closure of this morning is urgent.
func Urgency(kind string) string {
	if kita.NoticeKind(kind) == kita.NoticeUrgent {
		return "high"
	}
	return "normal"
}

// Topic is the header by which a correction replaces a notice that still waits at the push service: 22 characters of
// base64url, the same for the same notice. Push services see it, so it is a digest and not the id itself.
func Topic(notice kita.ID) string {
	sum := sha256.Sum256([]byte("topic\x00" + notice))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
