// A kita as large as they get, through the import that a leader uses.
import { expect } from '@playwright/test';
import type { House } from './house';

const first = ['Mia', 'Ben', 'Lina', 'Emil', 'Ayşe', 'Noah', 'Zoë', 'Jannik', 'Öykü', 'Łukasz', 'Änne', 'Ibrahim', 'Frieda', 'Matteo', 'Олена', 'Samira'];
const last = ['Müller', 'Yılmaz', 'Schmidt', 'Šimić', 'Özdemir', 'Nguyễn', 'Groß', 'Kovalenko', 'Ångström', 'Haddad', 'Weiß', 'd’Almeida', 'von der Heide'];

/** fillKita adds n children, each with a guardian, to the demo leader's kita. */
export async function fillKita(house: House, n: number) {
	const leader = await house.api('leitung');
	const me = await (await leader.get('/api/v1/session')).json();
	const rows = ['Kindnummer;Vorname;Nachname;Geburtsdatum;Gruppe;Erziehungsberechtigte 1 Vorname;Erziehungsberechtigte 1 Nachname;Erziehungsberechtigte 1 E-Mail;Erziehungsberechtigte 1 Telefon'];
	for (let i = 0; i < n; i++) {
		const name = last[i % last.length];
		rows.push(`F${i};${first[i % first.length]};${name};${String((i % 28) + 1).padStart(2, '0')}.0${(i % 9) + 1}.202${1 + (i % 4)};Gruppe ${1 + (i % 15)};${first[(i + 5) % first.length]};${name};eltern${i}@viele.example;0170 55${String(i).padStart(5, '0')}`);
	}
	const r = await leader.post(`/api/v1/imports?kita_id=${me.memberships[0].kita_id}&dry_run=false`, { headers: { 'Content-Type': 'text/csv' }, data: Buffer.from(rows.join('\r\n')) });
	expect(r.status(), await r.text()).toBe(200);
}
