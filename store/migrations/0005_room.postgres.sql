-- Of a delivery and of a recipient there are several versions within seconds: room beside the first keeps the others out of the indexes.
alter table deliveries set (fillfactor = 50);
alter table recipients set (fillfactor = 50);
alter table subscriptions set (fillfactor = 80);
