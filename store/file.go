package store

import (
	"context"

	"morgenkreis/kita"
)

// File is an attachment: its row here, its bytes in the folder under Sum, its small picture under ThumbSum ("" for none).
type File struct {
	ID        kita.ID      `db:"id"`
	KitaID    kita.ID      `db:"kita_id"`
	AccountID kita.ID      `db:"account_id"`
	Name      string       `db:"name"`
	MediaType string       `db:"media_type"`
	Size      int64        `db:"size"`
	Width     int          `db:"width"`
	Height    int          `db:"height"`
	Sum       string       `db:"sum"`
	ThumbSum  string       `db:"thumb_sum"`
	CreatedAt kita.Instant `db:"created_at"`
}

// MayUpload answers ErrNotFound to whoever can not post notices in the kita.
func (s *Store) MayUpload(ctx context.Context, v kita.Viewer, kitaID kita.ID) error {
	q := s.as(v)
	defer q.end()
	return mayUpload(ctx, q, v, kitaID)
}

func mayUpload(ctx context.Context, q query, v kita.Viewer, kitaID kita.ID) error {
	return mayAddress(ctx, q, v, kitaID, kita.Audience{Kind: kita.AudienceStaff})
}

// CreateFile keeps the row of an attachment whose bytes are in the folder. Sending the same again is harmless.
func (s *Store) CreateFile(ctx context.Context, v kita.Viewer, f File) (_ File, again bool, err error) {
	f.AccountID = v.AccountID()
	asked := f
	err = s.write(ctx, func(tx *Tx) error {
		f = asked
		if err := mayUpload(ctx, tx.as(v), v, f.KitaID); err != nil {
			return err
		}
		if again, err = tx.creation(v, f.ID, []any{f.KitaID, f.Name, f.Sum}); err != nil {
			return err
		}
		if again {
			f, err = get[File](ctx, tx.as(v), `select * from files where id = ?`, f.ID)
			return err
		}
		f.CreatedAt = tx.now
		if err := tx.insert("files", "id, kita_id, account_id, name, media_type, size, width, height, sum, thumb_sum, created_at", f); err != nil {
			return err
		}
		return tx.audit(v, f.KitaID, "file.create", f.ID)
	})
	return f, again, err
}

// fileFor: an attachment is seen by who uploaded it and still may, and by whoever sees a notice it hangs on.
const fileFor = `
select f.*
from   files f
where  f.id = ?
and   (exists (select 1 from notice_files nf where nf.kita_id = f.kita_id and nf.file_id = f.id and exists (select 1 ` + inbox + ` and r.kita_id = nf.kita_id and r.notice_id = nf.notice_id))
    or exists (select 1 from notice_files nf where nf.kita_id = f.kita_id and nf.file_id = f.id and exists (` + postedNotices + ` and n.kita_id = nf.kita_id and n.id = nf.notice_id))
    or f.account_id = ? and exists (
       select 1 from kitas k where k.id = f.kita_id and k.archived_at is null
       and (exists (select 1 from staff s where s.kita_id = k.id and s.account_id = f.account_id and s.archived_at is null)
         or exists (select 1 from speakers m where m.provider_id = k.provider_id and m.account_id = f.account_id))))`

// File is one the viewer may see.
func (s *Store) File(ctx context.Context, v kita.Viewer, id kita.ID) (File, error) {
	q := s.as(v)
	defer q.end()
	args := append([]any{id, v.AccountID()}, postedArgs(v)...)
	return get[File](ctx, q, fileFor, append(args, v.AccountID())...)
}

// filesOf are the attachments of notices that the viewer was found to see, in the order of each notice.
func filesOf(ctx context.Context, q query, notices []kita.ID) (map[kita.ID][]File, error) {
	found := map[kita.ID][]File{}
	if len(notices) == 0 {
		return found, nil
	}
	rows, err := listIn[struct {
		NoticeID kita.ID `db:"notice_id"`
		File
	}](ctx, q, `select nf.notice_id, f.* from notices n join notice_files nf on nf.kita_id = n.kita_id and nf.notice_id = n.id
join files f on f.kita_id = nf.kita_id and f.id = nf.file_id where n.id in (?) order by nf.position`, notices)
	for _, row := range rows {
		found[row.NoticeID] = append(found[row.NoticeID], row.File)
	}
	return found, err
}

// SystemSums are the sums of all files that some row still names; what else lies in the folder can go.
func (s *Store) SystemSums(ctx context.Context) (map[string]bool, error) {
	sums, err := list[string](ctx, s.db, `select sum from files union select thumb_sum from files where thumb_sum <> ''`)
	known := make(map[string]bool, len(sums))
	for _, sum := range sums {
		known[sum] = true
	}
	return known, err
}
