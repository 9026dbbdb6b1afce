/** The languages in which the house speaks to a person (kita.Languages). The app itself may know fewer. */
export const accountLanguages = ['de', 'en', 'tr', 'uk', 'ar', 'ru'] as const;
