package pushtest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// Open decrypts one message as a browser does (RFC 8291 with the single aes128gcm record of RFC 8188): written from
// the RFCs on the standard library, and sharing nothing with what sealed it.
func Open(private *ecdh.PrivateKey, auth, message []byte) ([]byte, error) {
	const head = 16 + 4 + 1 // salt, record size, length of the key id
	if len(message) < head || len(message) < head+int(message[20]) {
		return nil, errors.New("the header is cut short")
	}
	salt, recordSize, keyID := message[:16], binary.BigEndian.Uint32(message[16:20]), message[head:head+int(message[20])]
	record := message[head+len(keyID):]
	if recordSize < 18 || uint64(len(record)) > uint64(recordSize) {
		return nil, errors.New("not one record")
	}
	sender, err := ecdh.P256().NewPublicKey(keyID)
	if err != nil {
		return nil, err
	}
	shared, err := private.ECDH(sender)
	if err != nil {
		return nil, err
	}
	aead, nonce, err := keys(shared, auth, salt, private.PublicKey().Bytes(), keyID)
	if err != nil {
		return nil, err
	}
	padded, err := aead.Open(nil, nonce, record, nil)
	if err != nil {
		return nil, err
	}
	plaintext := bytes.TrimRight(padded, "\x00")
	if len(plaintext) == 0 || plaintext[len(plaintext)-1] != 2 {
		return nil, errors.New("the delimiter of a last record is missing")
	}
	return plaintext[:len(plaintext)-1], nil
}

// keys derives the content encryption key and the nonce (RFC 8291, section 3.4).
func keys(shared, auth, salt, receiver, sender []byte) (cipher.AEAD, []byte, error) {
	info := "WebPush: info\x00" + string(receiver) + string(sender)
	ikm, err := hkdf.Key(sha256.New, shared, auth, info, 32)
	if err != nil {
		return nil, nil, err
	}
	key, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, err
	}
	aead, err := cipher.NewGCM(block)
	return aead, nonce, err
}
