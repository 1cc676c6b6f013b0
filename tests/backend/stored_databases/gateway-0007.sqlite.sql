PRAGMA application_id = 1330861127;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0007');
CREATE TABLE audit_entry (
	number BIGINT NOT NULL, 
	at_unix_s BIGINT NOT NULL, 
	organizer VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	action VARCHAR NOT NULL, 
	target VARCHAR NOT NULL, 
	result VARCHAR NOT NULL, 
	previous BLOB NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "audit_entry" VALUES(1,1,'the organizer','the name','the role','the action','the target','the result',X'70726576696F7573',X'68617368');
INSERT INTO "audit_entry" VALUES(2,2,'another the organizer','another the name','another the role','another the action','another the target','another the result',X'616E6F746865722070726576696F7573',X'616E6F746865722068617368');
CREATE TABLE checkpoint (
	number BIGINT NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "checkpoint" VALUES(1,X'68617368');
INSERT INTO "checkpoint" VALUES(2,X'616E6F746865722068617368');
CREATE TABLE comment (
	id INTEGER NOT NULL, 
	digest BLOB NOT NULL, 
	round_id BIGINT NOT NULL, 
	proposal BLOB NOT NULL, 
	author BLOB NOT NULL, 
	signing_key BLOB NOT NULL, 
	text VARCHAR NOT NULL, 
	written_at BIGINT NOT NULL, 
	signature BLOB NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (digest)
);
INSERT INTO "comment" VALUES(1,X'646967657374',1,X'70726F706F73616C',X'617574686F72',X'7369676E696E675F6B6579','the text',1,X'7369676E6174757265');
INSERT INTO "comment" VALUES(2,X'616E6F7468657220646967657374',2,X'616E6F746865722070726F706F73616C',X'616E6F7468657220617574686F72',X'616E6F74686572207369676E696E675F6B6579','another the text',2,X'616E6F74686572207369676E6174757265');
CREATE TABLE endorsement (
	proposal BLOB NOT NULL, 
	member BLOB NOT NULL, 
	round_id BIGINT NOT NULL, 
	signing_key BLOB NOT NULL, 
	endorses BOOLEAN NOT NULL, 
	stated_at BIGINT NOT NULL, 
	signature BLOB NOT NULL, 
	PRIMARY KEY (proposal, member)
);
INSERT INTO "endorsement" VALUES(X'70726F706F73616C',X'6D656D626572',1,X'7369676E696E675F6B6579',1,1,X'7369676E6174757265');
INSERT INTO "endorsement" VALUES(X'616E6F746865722070726F706F73616C',X'616E6F74686572206D656D626572',2,X'616E6F74686572207369676E696E675F6B6579',0,2,X'616E6F74686572207369676E6174757265');
CREATE TABLE idempotent_request (
	key_hash BLOB NOT NULL, 
	fingerprint BLOB NOT NULL, 
	outcome JSON, 
	asked_at DATETIME NOT NULL, 
	PRIMARY KEY (key_hash)
);
INSERT INTO "idempotent_request" VALUES(X'6B65795F68617368',X'66696E6765727072696E74','{"a member": ["outcome", "1"]}','2026-11-25 12:00:00.000000');
INSERT INTO "idempotent_request" VALUES(X'616E6F74686572206B65795F68617368',X'616E6F746865722066696E6765727072696E74',NULL,'2026-11-25 12:00:00.000000');
CREATE TABLE indexed_event (
	id INTEGER NOT NULL, 
	block BIGINT NOT NULL, 
	log_index INTEGER NOT NULL, 
	contract VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	arguments JSON NOT NULL, 
	"transaction" VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (block, log_index)
);
INSERT INTO "indexed_event" VALUES(1,1,1,'the contract','the name','the subject','{"a member": ["arguments", "1"]}','the transaction');
INSERT INTO "indexed_event" VALUES(2,2,2,'another the contract','another the name','another the subject','{"a member": ["arguments", "1"]}','another the transaction');
CREATE TABLE invitation (
	plan_id VARCHAR NOT NULL, 
	address BLOB NOT NULL, 
	weight BIGINT NOT NULL, 
	signing_key BLOB, 
	by_invitation BLOB, 
	by_signing_key BLOB, code BLOB, by_code BLOB, 
	PRIMARY KEY (plan_id, address), 
	UNIQUE (plan_id, signing_key)
);
INSERT INTO "invitation" VALUES('the plan_id',X'61646472657373',1,X'7369676E696E675F6B6579',X'62795F696E7669746174696F6E',X'62795F7369676E696E675F6B6579',X'636F6465',X'62795F636F6465');
INSERT INTO "invitation" VALUES('another the plan_id',X'616E6F746865722061646472657373',2,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE member_replacement (
	round_id BIGINT NOT NULL, 
	invitation BLOB NOT NULL, 
	code BLOB NOT NULL, 
	reason VARCHAR NOT NULL, 
	PRIMARY KEY (round_id, invitation, code)
);
INSERT INTO "member_replacement" VALUES(1,X'696E7669746174696F6E',X'636F6465','the reason');
INSERT INTO "member_replacement" VALUES(2,X'616E6F7468657220696E7669746174696F6E',X'616E6F7468657220636F6465','another the reason');
CREATE TABLE moderation (
	id INTEGER NOT NULL, 
	comment_id INTEGER NOT NULL, 
	round_id BIGINT NOT NULL, 
	hidden BOOLEAN NOT NULL, 
	reason VARCHAR NOT NULL, 
	moderator VARCHAR NOT NULL, 
	decided_at BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "moderation" VALUES(1,1,1,1,'the reason','the moderator',1);
INSERT INTO "moderation" VALUES(2,2,2,0,'another the reason','another the moderator',2);
CREATE TABLE organizer (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	token_hash BLOB, 
	wallet BLOB, 
	created_at_unix_s BIGINT NOT NULL, 
	expires_at_unix_s BIGINT, 
	revoked_at_unix_s BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "organizer" VALUES('the id','the name','the role',X'746F6B656E5F68617368',X'77616C6C6574',1,1,1);
INSERT INTO "organizer" VALUES('another the id','another the name','another the role',NULL,NULL,2,NULL,NULL);
CREATE TABLE organizer_session (
	id VARCHAR NOT NULL, 
	organizer_id VARCHAR NOT NULL, 
	token_hash BLOB NOT NULL, 
	expires_at_unix_s BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "organizer_session" VALUES('the id','the organizer_id',X'746F6B656E5F68617368',1);
INSERT INTO "organizer_session" VALUES('another the id','another the organizer_id',X'616E6F7468657220746F6B656E5F68617368',2);
CREATE TABLE outgoing_message (
	id INTEGER NOT NULL, 
	subscription_id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	content JSON NOT NULL, 
	created_at BIGINT NOT NULL, 
	attempts INTEGER NOT NULL, 
	due_at BIGINT NOT NULL, 
	sent_at BIGINT, 
	given_up BOOLEAN NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (subscription_id, name)
);
INSERT INTO "outgoing_message" VALUES(1,'the subscription_id','the name','{"a member": ["content", "1"]}',1,1,1,1,1);
INSERT INTO "outgoing_message" VALUES(2,'another the subscription_id','another the name','{"a member": ["content", "1"]}',2,2,2,NULL,0);
CREATE TABLE outgoing_transaction (
	account BLOB NOT NULL, 
	nonce BIGINT NOT NULL, 
	purpose VARCHAR NOT NULL, 
	fields JSON NOT NULL, 
	resent BOOLEAN NOT NULL, 
	settled BOOLEAN NOT NULL, 
	given_up BOOLEAN NOT NULL, 
	PRIMARY KEY (account, nonce)
);
INSERT INTO "outgoing_transaction" VALUES(X'6163636F756E74',1,'the purpose','{"a member": ["fields", "1"]}',1,1,1);
INSERT INTO "outgoing_transaction" VALUES(X'616E6F74686572206163636F756E74',2,'another the purpose','{"a member": ["fields", "1"]}',0,0,0);
CREATE TABLE "plan" (
	id VARCHAR NOT NULL, 
	is_round BOOLEAN NOT NULL, 
	specification JSON NOT NULL, 
	round_id BIGINT, 
	poll_id BIGINT, 
	members BLOB, 
	census BLOB, 
	redemptions BLOB, 
	nonce BLOB, 
	source JSON, 
	finished BOOLEAN NOT NULL, 
	warnings JSON NOT NULL, 
	problem JSON, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "plan" VALUES('the id',1,'{"a member": ["specification", "1"]}',1,1,X'6D656D62657273',X'63656E737573',X'726564656D7074696F6E73',X'6E6F6E6365','{"a member": ["source", "1"]}',1,'{"a member": ["warnings", "1"]}','{"a member": ["problem", "1"]}','2026-11-25 12:00:00.000000');
INSERT INTO "plan" VALUES('another the id',0,'{"a member": ["specification", "1"]}',NULL,NULL,NULL,NULL,NULL,NULL,'null',0,'{"a member": ["warnings", "1"]}','null','2026-11-25 12:00:00.000000');
CREATE TABLE proposal_document (
	hash BLOB NOT NULL, 
	content BLOB NOT NULL, 
	stored_at DATETIME NOT NULL, 
	PRIMARY KEY (hash)
);
INSERT INTO "proposal_document" VALUES(X'68617368',X'636F6E74656E74','2026-11-25 12:00:00.000000');
INSERT INTO "proposal_document" VALUES(X'616E6F746865722068617368',X'616E6F7468657220636F6E74656E74','2026-11-25 12:00:00.000000');
CREATE TABLE proposal_image (
	sha256 BLOB NOT NULL, 
	content BLOB NOT NULL, 
	size INTEGER NOT NULL, 
	named BOOLEAN NOT NULL, 
	uploaded_at DATETIME NOT NULL, 
	PRIMARY KEY (sha256)
);
INSERT INTO "proposal_image" VALUES(X'736861323536',X'636F6E74656E74',1,1,'2026-11-25 12:00:00.000000');
INSERT INTO "proposal_image" VALUES(X'616E6F7468657220736861323536',X'616E6F7468657220636F6E74656E74',2,0,'2026-11-25 12:00:00.000000');
CREATE TABLE relay_count (
	round_id BIGINT NOT NULL, 
	member BLOB NOT NULL, 
	count INTEGER NOT NULL, 
	PRIMARY KEY (round_id, member)
);
INSERT INTO "relay_count" VALUES(1,X'6D656D626572',1);
INSERT INTO "relay_count" VALUES(2,X'616E6F74686572206D656D626572',2);
CREATE TABLE sign_in_challenge (
	message_hash BLOB NOT NULL, 
	organizer_id VARCHAR NOT NULL, 
	expires_at_unix_s BIGINT NOT NULL, 
	PRIMARY KEY (message_hash)
);
INSERT INTO "sign_in_challenge" VALUES(X'6D6573736167655F68617368','the organizer_id',1);
INSERT INTO "sign_in_challenge" VALUES(X'616E6F74686572206D6573736167655F68617368','another the organizer_id',2);
CREATE TABLE sign_in_key (
	id INTEGER NOT NULL, 
	"key" BLOB NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "sign_in_key" VALUES(1,X'6B6579');
INSERT INTO "sign_in_key" VALUES(2,X'616E6F74686572206B6579');
CREATE TABLE signed_transaction (
	id INTEGER NOT NULL, 
	account BLOB NOT NULL, 
	nonce BIGINT NOT NULL, 
	hash BLOB NOT NULL, 
	raw BLOB NOT NULL, 
	max_fee BIGINT NOT NULL, 
	priority_fee BIGINT NOT NULL, 
	head BIGINT NOT NULL, 
	signed_at_unix_s BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (hash)
);
INSERT INTO "signed_transaction" VALUES(1,X'6163636F756E74',1,X'68617368',X'726177',1,1,1,1);
INSERT INTO "signed_transaction" VALUES(2,X'616E6F74686572206163636F756E74',2,X'616E6F746865722068617368',X'616E6F7468657220726177',2,2,2,2);
CREATE TABLE step (
	id INTEGER NOT NULL, 
	plan_id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	"transaction" VARCHAR NOT NULL, 
	gas_used BIGINT NOT NULL, 
	block BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (plan_id, "transaction")
);
INSERT INTO "step" VALUES(1,'the plan_id','the name','the transaction',1,1);
INSERT INTO "step" VALUES(2,'another the plan_id','another the name','another the transaction',2,2);
CREATE TABLE subscription (
	id VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	sealed_address BLOB NOT NULL, 
	fingerprint BLOB NOT NULL, 
	created_at BIGINT NOT NULL, 
	confirmed_at BIGINT, 
	since BIGINT, 
	PRIMARY KEY (id), 
	UNIQUE (fingerprint)
);
INSERT INTO "subscription" VALUES('the id','the channel','the subject','the language',X'7365616C65645F61646472657373',X'66696E6765727072696E74',1,1,1);
INSERT INTO "subscription" VALUES('another the id','another the channel','another the subject','another the language',X'616E6F74686572207365616C65645F61646472657373',X'616E6F746865722066696E6765727072696E74',2,NULL,NULL);
CREATE INDEX ix_indexed_event_block ON indexed_event (block);
CREATE INDEX ix_indexed_event_name ON indexed_event (name);
CREATE INDEX ix_indexed_event_subject ON indexed_event (subject);
CREATE INDEX ix_invitation_address ON invitation (address);
CREATE INDEX ix_step_plan_id ON step (plan_id);
CREATE UNIQUE INDEX ix_outgoing_transaction_current ON outgoing_transaction (purpose) WHERE NOT given_up;
CREATE INDEX ix_signed_transaction_nonce ON signed_transaction (nonce);
CREATE UNIQUE INDEX ix_organizer_active_name ON organizer (name) WHERE revoked_at_unix_s IS NULL;
CREATE UNIQUE INDEX ix_organizer_active_wallet ON organizer (wallet) WHERE revoked_at_unix_s IS NULL;
CREATE INDEX ix_sign_in_challenge_organizer_id ON sign_in_challenge (organizer_id);
CREATE INDEX ix_organizer_session_organizer_id ON organizer_session (organizer_id);
CREATE INDEX ix_comment_proposal ON comment (proposal);
CREATE INDEX ix_comment_round_id ON comment (round_id);
CREATE INDEX ix_endorsement_round_id ON endorsement (round_id);
CREATE INDEX ix_moderation_comment_id ON moderation (comment_id);
CREATE INDEX ix_moderation_round_id ON moderation (round_id);
CREATE INDEX ix_outgoing_message_due_at ON outgoing_message (due_at);
CREATE INDEX ix_outgoing_message_subscription_id ON outgoing_message (subscription_id);
COMMIT;
