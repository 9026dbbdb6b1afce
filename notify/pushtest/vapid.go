package pushtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/mail"
	"net/url"
	"strings"
	"time"
)

// Claims is what a server says about itself in the VAPID header (RFC 8292), after its signature was checked.
type Claims struct {
	Audience string
	Subject  string
	Expires  time.Time
	// Key is the server's public key, base64url.
	Key string
}

// VerifyVAPID reads the Authorization header, checks the ES256 signature (RFC 7518, section 3.4) by hand, and the
// claims: meant for this origin, valid now and for no more than 24 hours, with a subject somebody can write to.
func VerifyVAPID(header, origin string, now time.Time) (Claims, error) {
	token, key, err := vapidParts(header)
	if err != nil {
		return Claims{}, err
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Claims{}, errors.New("the token has not three parts")
	}
	var head struct{ Alg, Typ string }
	if err := decode(parts[0], &head); err != nil || head.Alg != "ES256" || head.Typ != "JWT" {
		return Claims{}, errors.New("the token is no JWT signed with ES256")
	}
	if err := verifyES256(key, parts[0]+"."+parts[1], parts[2]); err != nil {
		return Claims{}, err
	}
	var body struct {
		Aud, Sub string
		Exp      int64
	}
	if err := decode(parts[1], &body); err != nil {
		return Claims{}, err
	}
	c := Claims{Audience: body.Aud, Subject: body.Sub, Expires: time.Unix(body.Exp, 0), Key: key}
	switch {
	case c.Audience != origin:
		return Claims{}, fmt.Errorf("aud is %q", c.Audience)
	case !c.Expires.After(now) || c.Expires.After(now.Add(24*time.Hour)):
		return Claims{}, fmt.Errorf("exp is %v", c.Expires)
	case !reachable(c.Subject):
		return Claims{}, fmt.Errorf("sub is %q", c.Subject)
	}
	return c, nil
}

// vapidParts splits "vapid t=…, k=…" (RFC 8292, section 3).
func vapidParts(header string) (token, key string, err error) {
	params, ok := strings.CutPrefix(header, "vapid ")
	if !ok {
		return "", "", errors.New("no vapid credentials")
	}
	for param := range strings.SplitSeq(params, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		switch name {
		case "t":
			token = value
		case "k":
			key = value
		}
	}
	return token, key, nil
}

func decode(part string, into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

func verifyES256(key, signed, signature string) error {
	raw, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		return err
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
	if err != nil {
		return err
	}
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || len(sig) != 64 {
		return errors.New("the signature is not 64 bytes")
	}
	digest := sha256.Sum256([]byte(signed))
	if !ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		return errors.New("the signature is wrong")
	}
	return nil
}

// reachable tells whether sub is an https URL or a mailto address outside this machine; Apple refuses others.
func reachable(sub string) bool {
	if address, ok := strings.CutPrefix(sub, "mailto:"); ok {
		parsed, err := mail.ParseAddress(address)
		return err == nil && parsed.Address == address && !strings.HasSuffix(address, "@localhost")
	}
	u, err := url.Parse(sub)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.Hostname() != "localhost"
}
