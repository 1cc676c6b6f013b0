CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.audit_entry (
    number bigint NOT NULL,
    at_unix_s bigint NOT NULL,
    organizer character varying NOT NULL,
    name character varying NOT NULL,
    role character varying NOT NULL,
    action character varying NOT NULL,
    target character varying NOT NULL,
    result character varying NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL
);
CREATE TABLE public.checkpoint (
    number bigint NOT NULL,
    hash bytea NOT NULL
);
CREATE SEQUENCE public.checkpoint_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.checkpoint_number_seq OWNED BY public.checkpoint.number;
CREATE TABLE public.comment (
    id integer NOT NULL,
    digest bytea NOT NULL,
    round_id bigint NOT NULL,
    proposal bytea NOT NULL,
    author bytea NOT NULL,
    signing_key bytea NOT NULL,
    text character varying NOT NULL,
    written_at bigint NOT NULL,
    signature bytea NOT NULL
);
CREATE SEQUENCE public.comment_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.comment_id_seq OWNED BY public.comment.id;
CREATE TABLE public.endorsement (
    proposal bytea NOT NULL,
    member bytea NOT NULL,
    round_id bigint NOT NULL,
    signing_key bytea NOT NULL,
    endorses boolean NOT NULL,
    stated_at bigint NOT NULL,
    signature bytea NOT NULL
);
CREATE TABLE public.idempotent_request (
    key_hash bytea NOT NULL,
    fingerprint bytea NOT NULL,
    outcome json,
    asked_at timestamp with time zone NOT NULL
);
CREATE TABLE public.indexed_event (
    id integer NOT NULL,
    block bigint NOT NULL,
    log_index integer NOT NULL,
    contract character varying NOT NULL,
    name character varying NOT NULL,
    subject character varying NOT NULL,
    arguments json NOT NULL,
    transaction character varying NOT NULL
);
CREATE SEQUENCE public.indexed_event_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.indexed_event_id_seq OWNED BY public.indexed_event.id;
CREATE TABLE public.invitation (
    plan_id character varying NOT NULL,
    address bytea NOT NULL,
    weight bigint NOT NULL,
    signing_key bytea,
    by_invitation bytea,
    by_signing_key bytea,
    code bytea,
    by_code bytea
);
CREATE TABLE public.member_replacement (
    round_id bigint NOT NULL,
    invitation bytea NOT NULL,
    code bytea NOT NULL,
    reason character varying NOT NULL
);
CREATE TABLE public.moderation (
    id integer NOT NULL,
    comment_id integer NOT NULL,
    round_id bigint NOT NULL,
    hidden boolean NOT NULL,
    reason character varying NOT NULL,
    moderator character varying NOT NULL,
    decided_at bigint NOT NULL
);
CREATE SEQUENCE public.moderation_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.moderation_id_seq OWNED BY public.moderation.id;
CREATE TABLE public.organizer (
    id character varying NOT NULL,
    name character varying NOT NULL,
    role character varying NOT NULL,
    token_hash bytea,
    wallet bytea,
    created_at_unix_s bigint NOT NULL,
    expires_at_unix_s bigint,
    revoked_at_unix_s bigint
);
CREATE TABLE public.organizer_session (
    id character varying NOT NULL,
    organizer_id character varying NOT NULL,
    token_hash bytea NOT NULL,
    expires_at_unix_s bigint NOT NULL
);
CREATE TABLE public.outgoing_message (
    id integer NOT NULL,
    subscription_id character varying NOT NULL,
    name character varying NOT NULL,
    content json NOT NULL,
    created_at bigint NOT NULL,
    attempts integer NOT NULL,
    due_at bigint NOT NULL,
    sent_at bigint,
    given_up boolean NOT NULL
);
CREATE SEQUENCE public.outgoing_message_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.outgoing_message_id_seq OWNED BY public.outgoing_message.id;
CREATE TABLE public.outgoing_transaction (
    account bytea NOT NULL,
    nonce bigint NOT NULL,
    purpose character varying NOT NULL,
    fields json NOT NULL,
    resent boolean NOT NULL,
    settled boolean NOT NULL,
    given_up boolean NOT NULL
);
CREATE TABLE public.plan (
    id character varying NOT NULL,
    is_round boolean NOT NULL,
    specification json NOT NULL,
    round_id bigint,
    poll_id bigint,
    members bytea,
    census bytea,
    redemptions bytea,
    nonce bytea,
    source json,
    finished boolean NOT NULL,
    warnings json NOT NULL,
    problem json,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.proposal_document (
    hash bytea NOT NULL,
    content bytea NOT NULL,
    stored_at timestamp with time zone NOT NULL
);
CREATE TABLE public.proposal_image (
    sha256 bytea NOT NULL,
    content bytea NOT NULL,
    size integer NOT NULL,
    named boolean NOT NULL,
    uploaded_at timestamp with time zone NOT NULL
);
CREATE TABLE public.relay_count (
    round_id bigint NOT NULL,
    member bytea NOT NULL,
    count integer NOT NULL
);
CREATE TABLE public.sign_in_challenge (
    message_hash bytea NOT NULL,
    organizer_id character varying NOT NULL,
    expires_at_unix_s bigint NOT NULL
);
CREATE TABLE public.sign_in_key (
    id integer NOT NULL,
    key bytea NOT NULL
);
CREATE SEQUENCE public.sign_in_key_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.sign_in_key_id_seq OWNED BY public.sign_in_key.id;
CREATE TABLE public.signed_transaction (
    id integer NOT NULL,
    account bytea NOT NULL,
    nonce bigint NOT NULL,
    hash bytea NOT NULL,
    raw bytea NOT NULL,
    max_fee bigint NOT NULL,
    priority_fee bigint NOT NULL,
    head bigint NOT NULL,
    signed_at_unix_s bigint NOT NULL
);
CREATE SEQUENCE public.signed_transaction_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.signed_transaction_id_seq OWNED BY public.signed_transaction.id;
CREATE TABLE public.step (
    id integer NOT NULL,
    plan_id character varying NOT NULL,
    name character varying NOT NULL,
    transaction character varying NOT NULL,
    gas_used bigint NOT NULL,
    block bigint NOT NULL
);
CREATE SEQUENCE public.step_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.step_id_seq OWNED BY public.step.id;
CREATE TABLE public.subscription (
    id character varying NOT NULL,
    channel character varying NOT NULL,
    subject character varying NOT NULL,
    language character varying NOT NULL,
    sealed_address bytea NOT NULL,
    fingerprint bytea NOT NULL,
    created_at bigint NOT NULL,
    confirmed_at bigint,
    since bigint
);
ALTER TABLE ONLY public.checkpoint ALTER COLUMN number SET DEFAULT nextval('public.checkpoint_number_seq'::regclass);
ALTER TABLE ONLY public.comment ALTER COLUMN id SET DEFAULT nextval('public.comment_id_seq'::regclass);
ALTER TABLE ONLY public.indexed_event ALTER COLUMN id SET DEFAULT nextval('public.indexed_event_id_seq'::regclass);
ALTER TABLE ONLY public.moderation ALTER COLUMN id SET DEFAULT nextval('public.moderation_id_seq'::regclass);
ALTER TABLE ONLY public.outgoing_message ALTER COLUMN id SET DEFAULT nextval('public.outgoing_message_id_seq'::regclass);
ALTER TABLE ONLY public.sign_in_key ALTER COLUMN id SET DEFAULT nextval('public.sign_in_key_id_seq'::regclass);
ALTER TABLE ONLY public.signed_transaction ALTER COLUMN id SET DEFAULT nextval('public.signed_transaction_id_seq'::regclass);
ALTER TABLE ONLY public.step ALTER COLUMN id SET DEFAULT nextval('public.step_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0007');
INSERT INTO public.audit_entry VALUES (1, 1, 'the organizer', 'the name', 'the role', 'the action', 'the target', 'the result', '\x70726576696f7573', '\x68617368');
INSERT INTO public.audit_entry VALUES (2, 2, 'another the organizer', 'another the name', 'another the role', 'another the action', 'another the target', 'another the result', '\x616e6f746865722070726576696f7573', '\x616e6f746865722068617368');
INSERT INTO public.checkpoint VALUES (1, '\x68617368');
INSERT INTO public.checkpoint VALUES (2, '\x616e6f746865722068617368');
INSERT INTO public.comment VALUES (1, '\x646967657374', 1, '\x70726f706f73616c', '\x617574686f72', '\x7369676e696e675f6b6579', 'the text', 1, '\x7369676e6174757265');
INSERT INTO public.comment VALUES (2, '\x616e6f7468657220646967657374', 2, '\x616e6f746865722070726f706f73616c', '\x616e6f7468657220617574686f72', '\x616e6f74686572207369676e696e675f6b6579', 'another the text', 2, '\x616e6f74686572207369676e6174757265');
INSERT INTO public.endorsement VALUES ('\x70726f706f73616c', '\x6d656d626572', 1, '\x7369676e696e675f6b6579', true, 1, '\x7369676e6174757265');
INSERT INTO public.endorsement VALUES ('\x616e6f746865722070726f706f73616c', '\x616e6f74686572206d656d626572', 2, '\x616e6f74686572207369676e696e675f6b6579', false, 2, '\x616e6f74686572207369676e6174757265');
INSERT INTO public.idempotent_request VALUES ('\x6b65795f68617368', '\x66696e6765727072696e74', '{"a member": ["outcome", "1"]}', '2026-11-25 12:00:00+00');
INSERT INTO public.idempotent_request VALUES ('\x616e6f74686572206b65795f68617368', '\x616e6f746865722066696e6765727072696e74', NULL, '2026-11-25 12:00:00+00');
INSERT INTO public.indexed_event VALUES (1, 1, 1, 'the contract', 'the name', 'the subject', '{"a member": ["arguments", "1"]}', 'the transaction');
INSERT INTO public.indexed_event VALUES (2, 2, 2, 'another the contract', 'another the name', 'another the subject', '{"a member": ["arguments", "1"]}', 'another the transaction');
INSERT INTO public.invitation VALUES ('the plan_id', '\x61646472657373', 1, '\x7369676e696e675f6b6579', '\x62795f696e7669746174696f6e', '\x62795f7369676e696e675f6b6579', '\x636f6465', '\x62795f636f6465');
INSERT INTO public.invitation VALUES ('another the plan_id', '\x616e6f746865722061646472657373', 2, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.member_replacement VALUES (1, '\x696e7669746174696f6e', '\x636f6465', 'the reason');
INSERT INTO public.member_replacement VALUES (2, '\x616e6f7468657220696e7669746174696f6e', '\x616e6f7468657220636f6465', 'another the reason');
INSERT INTO public.moderation VALUES (1, 1, 1, true, 'the reason', 'the moderator', 1);
INSERT INTO public.moderation VALUES (2, 2, 2, false, 'another the reason', 'another the moderator', 2);
INSERT INTO public.organizer VALUES ('the id', 'the name', 'the role', '\x746f6b656e5f68617368', '\x77616c6c6574', 1, 1, 1);
INSERT INTO public.organizer VALUES ('another the id', 'another the name', 'another the role', NULL, NULL, 2, NULL, NULL);
INSERT INTO public.organizer_session VALUES ('the id', 'the organizer_id', '\x746f6b656e5f68617368', 1);
INSERT INTO public.organizer_session VALUES ('another the id', 'another the organizer_id', '\x616e6f7468657220746f6b656e5f68617368', 2);
INSERT INTO public.outgoing_message VALUES (1, 'the subscription_id', 'the name', '{"a member": ["content", "1"]}', 1, 1, 1, 1, true);
INSERT INTO public.outgoing_message VALUES (2, 'another the subscription_id', 'another the name', '{"a member": ["content", "1"]}', 2, 2, 2, NULL, false);
INSERT INTO public.outgoing_transaction VALUES ('\x6163636f756e74', 1, 'the purpose', '{"a member": ["fields", "1"]}', true, true, true);
INSERT INTO public.outgoing_transaction VALUES ('\x616e6f74686572206163636f756e74', 2, 'another the purpose', '{"a member": ["fields", "1"]}', false, false, false);
INSERT INTO public.plan VALUES ('the id', true, '{"a member": ["specification", "1"]}', 1, 1, '\x6d656d62657273', '\x63656e737573', '\x726564656d7074696f6e73', '\x6e6f6e6365', '{"a member": ["source", "1"]}', true, '{"a member": ["warnings", "1"]}', '{"a member": ["problem", "1"]}', '2026-11-25 12:00:00+00');
INSERT INTO public.plan VALUES ('another the id', false, '{"a member": ["specification", "1"]}', NULL, NULL, NULL, NULL, NULL, NULL, 'null', false, '{"a member": ["warnings", "1"]}', 'null', '2026-11-25 12:00:00+00');
INSERT INTO public.proposal_document VALUES ('\x68617368', '\x636f6e74656e74', '2026-11-25 12:00:00+00');
INSERT INTO public.proposal_document VALUES ('\x616e6f746865722068617368', '\x616e6f7468657220636f6e74656e74', '2026-11-25 12:00:00+00');
INSERT INTO public.proposal_image VALUES ('\x736861323536', '\x636f6e74656e74', 1, true, '2026-11-25 12:00:00+00');
INSERT INTO public.proposal_image VALUES ('\x616e6f7468657220736861323536', '\x616e6f7468657220636f6e74656e74', 2, false, '2026-11-25 12:00:00+00');
INSERT INTO public.relay_count VALUES (1, '\x6d656d626572', 1);
INSERT INTO public.relay_count VALUES (2, '\x616e6f74686572206d656d626572', 2);
INSERT INTO public.sign_in_challenge VALUES ('\x6d6573736167655f68617368', 'the organizer_id', 1);
INSERT INTO public.sign_in_challenge VALUES ('\x616e6f74686572206d6573736167655f68617368', 'another the organizer_id', 2);
INSERT INTO public.sign_in_key VALUES (1, '\x6b6579');
INSERT INTO public.sign_in_key VALUES (2, '\x616e6f74686572206b6579');
INSERT INTO public.signed_transaction VALUES (1, '\x6163636f756e74', 1, '\x68617368', '\x726177', 1, 1, 1, 1);
INSERT INTO public.signed_transaction VALUES (2, '\x616e6f74686572206163636f756e74', 2, '\x616e6f746865722068617368', '\x616e6f7468657220726177', 2, 2, 2, 2);
INSERT INTO public.step VALUES (1, 'the plan_id', 'the name', 'the transaction', 1, 1);
INSERT INTO public.step VALUES (2, 'another the plan_id', 'another the name', 'another the transaction', 2, 2);
INSERT INTO public.subscription VALUES ('the id', 'the channel', 'the subject', 'the language', '\x7365616c65645f61646472657373', '\x66696e6765727072696e74', 1, 1, 1);
INSERT INTO public.subscription VALUES ('another the id', 'another the channel', 'another the subject', 'another the language', '\x616e6f74686572207365616c65645f61646472657373', '\x616e6f746865722066696e6765727072696e74', 2, NULL, NULL);
SELECT pg_catalog.setval('public.checkpoint_number_seq', 1, false);
SELECT pg_catalog.setval('public.comment_id_seq', 1, false);
SELECT pg_catalog.setval('public.indexed_event_id_seq', 1, false);
SELECT pg_catalog.setval('public.moderation_id_seq', 1, false);
SELECT pg_catalog.setval('public.outgoing_message_id_seq', 1, false);
SELECT pg_catalog.setval('public.sign_in_key_id_seq', 1, false);
SELECT pg_catalog.setval('public.signed_transaction_id_seq', 1, false);
SELECT pg_catalog.setval('public.step_id_seq', 1, false);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.audit_entry
    ADD CONSTRAINT audit_entry_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.checkpoint
    ADD CONSTRAINT checkpoint_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.comment
    ADD CONSTRAINT comment_digest_key UNIQUE (digest);
ALTER TABLE ONLY public.comment
    ADD CONSTRAINT comment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.endorsement
    ADD CONSTRAINT endorsement_pkey PRIMARY KEY (proposal, member);
ALTER TABLE ONLY public.idempotent_request
    ADD CONSTRAINT idempotent_request_pkey PRIMARY KEY (key_hash);
ALTER TABLE ONLY public.indexed_event
    ADD CONSTRAINT indexed_event_block_log_index_key UNIQUE (block, log_index);
ALTER TABLE ONLY public.indexed_event
    ADD CONSTRAINT indexed_event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.invitation
    ADD CONSTRAINT invitation_pkey PRIMARY KEY (plan_id, address);
ALTER TABLE ONLY public.invitation
    ADD CONSTRAINT invitation_plan_id_signing_key_key UNIQUE (plan_id, signing_key);
ALTER TABLE ONLY public.member_replacement
    ADD CONSTRAINT member_replacement_pkey PRIMARY KEY (round_id, invitation, code);
ALTER TABLE ONLY public.moderation
    ADD CONSTRAINT moderation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.organizer
    ADD CONSTRAINT organizer_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.organizer_session
    ADD CONSTRAINT organizer_session_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.outgoing_message
    ADD CONSTRAINT outgoing_message_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.outgoing_message
    ADD CONSTRAINT outgoing_message_subscription_id_name_key UNIQUE (subscription_id, name);
ALTER TABLE ONLY public.outgoing_transaction
    ADD CONSTRAINT outgoing_transaction_pkey PRIMARY KEY (account, nonce);
ALTER TABLE ONLY public.plan
    ADD CONSTRAINT plan_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.proposal_document
    ADD CONSTRAINT proposal_document_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY public.proposal_image
    ADD CONSTRAINT proposal_image_pkey PRIMARY KEY (sha256);
ALTER TABLE ONLY public.relay_count
    ADD CONSTRAINT relay_count_pkey PRIMARY KEY (round_id, member);
ALTER TABLE ONLY public.sign_in_challenge
    ADD CONSTRAINT sign_in_challenge_pkey PRIMARY KEY (message_hash);
ALTER TABLE ONLY public.sign_in_key
    ADD CONSTRAINT sign_in_key_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.signed_transaction
    ADD CONSTRAINT signed_transaction_hash_key UNIQUE (hash);
ALTER TABLE ONLY public.signed_transaction
    ADD CONSTRAINT signed_transaction_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.step
    ADD CONSTRAINT step_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.step
    ADD CONSTRAINT step_plan_id_transaction_key UNIQUE (plan_id, transaction);
ALTER TABLE ONLY public.subscription
    ADD CONSTRAINT subscription_fingerprint_key UNIQUE (fingerprint);
ALTER TABLE ONLY public.subscription
    ADD CONSTRAINT subscription_pkey PRIMARY KEY (id);
CREATE INDEX ix_comment_proposal ON public.comment USING btree (proposal);
CREATE INDEX ix_comment_round_id ON public.comment USING btree (round_id);
CREATE INDEX ix_endorsement_round_id ON public.endorsement USING btree (round_id);
CREATE INDEX ix_indexed_event_block ON public.indexed_event USING btree (block);
CREATE INDEX ix_indexed_event_name ON public.indexed_event USING btree (name);
CREATE INDEX ix_indexed_event_subject ON public.indexed_event USING btree (subject);
CREATE INDEX ix_invitation_address ON public.invitation USING btree (address);
CREATE INDEX ix_moderation_comment_id ON public.moderation USING btree (comment_id);
CREATE INDEX ix_moderation_round_id ON public.moderation USING btree (round_id);
CREATE UNIQUE INDEX ix_organizer_active_name ON public.organizer USING btree (name) WHERE (revoked_at_unix_s IS NULL);
CREATE UNIQUE INDEX ix_organizer_active_wallet ON public.organizer USING btree (wallet) WHERE (revoked_at_unix_s IS NULL);
CREATE INDEX ix_organizer_session_organizer_id ON public.organizer_session USING btree (organizer_id);
CREATE INDEX ix_outgoing_message_due_at ON public.outgoing_message USING btree (due_at);
CREATE INDEX ix_outgoing_message_subscription_id ON public.outgoing_message USING btree (subscription_id);
CREATE UNIQUE INDEX ix_outgoing_transaction_current ON public.outgoing_transaction USING btree (purpose) WHERE (NOT given_up);
CREATE INDEX ix_sign_in_challenge_organizer_id ON public.sign_in_challenge USING btree (organizer_id);
CREATE INDEX ix_signed_transaction_nonce ON public.signed_transaction USING btree (nonce);
CREATE INDEX ix_step_plan_id ON public.step USING btree (plan_id);
