package notify

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	"morgenkreis/kita"
)

// Expiry is when a push about kind, sent at now, stops being of use, in the kita's own time zone: an urgent one after
// a day; a daily update at 20:00, or after 12 h when it is sent after 18:00; everything else after three days.
func Expiry(kind string, now time.Time, loc *time.Location) time.Time {
	switch kita.NoticeKind(kind) {
	case kita.NoticeUrgent:
		return now.Add(24 * time.Hour)
	case kita.NoticeDaily:
		today := kita.DayOf(now, loc)
		if now.After(today.At("18:00", loc)) {
			return now.Add(12 * time.Hour)
		}
		return today.At("20:00", loc)
	default:
		return now.Add(3 * 24 * time.Hour)
	}
}

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
