package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"morgenkreis/kita"
)

// creation notes that the viewer creates content under id. It answers true when this very content was created under
// that id before, so that a phone in a cellar can send again; KindConflict when the id holds anything else.
func (tx *Tx) creation(v kita.Viewer, id kita.ID, content any) (again bool, err error) {
	raw, err := json.Marshal(content)
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(raw)
	hash := hex.EncodeToString(sum[:])
	n, err := tx.exec(`insert into creations (id, account_id, hash, created_at) values (?, ?, ?, ?)
on conflict (id) do nothing`, id, v.AccountID(), hash, tx.now)
	if err != nil || n == 1 {
		return false, err
	}
	same, err := get[int](tx.ctx, tx, `select count(*) from creations where id = ? and account_id = ? and hash = ?`,
		id, v.AccountID(), hash)
	if err == nil && same == 0 {
		err = kita.Conflict("id", "id.taken")
	}
	return true, err
}
