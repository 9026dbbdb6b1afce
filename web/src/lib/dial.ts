/** A telephone number as a link dials it (RFC 3966): digits, and the plus of a country. */
export const dial = (phone: string) => 'tel:' + phone.replace(/[^\d+]/g, '');
