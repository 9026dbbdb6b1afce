import type { components } from './schema';

type S = components['schemas'];

export type Me = S['Me'];
export type Account = S['AccountView'];
export type Membership = S['MembershipView'];
export type FieldError = S['FieldError'];
export type Notice = S['NoticeView'];
export type Ledger = S['LedgerView'];
export type Recipient = S['RecipientView'];
export type Preview = S['PreviewOutputBody'];
export type Attachment = S['FileView'];
export type Absence = S['AbsenceView'];
export type AbsenceOptions = S['AbsenceOptionsOutputBody'];
export type Roll = S['RollView'];
export type Today = S['AbsencesTodayOutputBody'];
export type Child = S['ChildView'];
export type ChildDetail = S['ChildDetailView'];
export type Guardian = S['GuardianView'];
export type Staff = S['StaffView'];
export type Group = S['GroupView'];
export type Kita = S['KitaView'];
export type Provider = S['ProviderView'];
export type Ban = S['BanView'];
export type Invitation = S['InvitationView'];
export type Device = S['SubscriptionView'];
export type SignedInBrowser = S['SessionView'];
export type CalendarDay = S['CalendarDayView'];
export type Counts = S['CountsOutputBody'];
export type Offer = S['OfferOutputBody'];

export const noticeKinds = ['news', 'daily', 'event', 'closure', 'illness', 'urgent'] as const;
export type NoticeKind = (typeof noticeKinds)[number];
