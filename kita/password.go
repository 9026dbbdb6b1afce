package kita

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Parameters of argon2id (RFC 9106; OWASP's 46 MiB, one pass, one lane): about 33 ms of one core and 46 MiB a go, so
// callers bound how many run at once.
const (
	passwordMemory = 46 * 1024
	passwordTime   = 1
	passwordLanes  = 1
	passwordKey    = 32
	// PasswordSalt is how many random bytes HashPassword wants.
	PasswordSalt = 16
)

// HashPassword derives what is stored of a password, in the PHC string format.
func HashPassword(password string, salt []byte) string {
	key := argon2.IDKey([]byte(password), salt, passwordTime, passwordMemory, passwordLanes, passwordKey)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, passwordMemory, passwordTime, passwordLanes,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

// NoPassword is a hash that no password fits; comparing with it takes as long as with a real one, so that an unknown
// login answers no faster than a wrong password.
var NoPassword = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$AAAAAAAAAAAAAAAAAAAAAA$", argon2.Version, passwordMemory, passwordTime, passwordLanes)

// PasswordFits tells whether password is the one that hash was made of. A hash that can not be read fits nothing.
func PasswordFits(hash, password string) bool {
	var version int
	var memory, time uint32
	var lanes uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	if _, err := fmt.Sscanf(parts[2]+"$"+parts[3], "v=%d$m=%d,t=%d,p=%d", &version, &memory, &time, &lanes); err != nil || version != argon2.Version {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || memory > 1<<20 || time > 10 || time == 0 || lanes == 0 {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, lanes, passwordKey)
	return subtle.ConstantTimeCompare(got, want) == 1
}
