BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'suno-bot','m001_watches_and_outbox','2026-11-28 22:27:33.649705+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'suno-bot','m002_history','2026-11-28 22:27:33.653791+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'suno-bot','m003_cards','2026-11-28 22:27:33.657696+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'suno-bot','m004_repeats','2026-11-28 22:27:33.661398+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'suno-bot','m005_server_settings','2026-11-28 22:27:33.665180+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'suno-bot','m006_planned_looks','2026-11-28 22:27:33.669529+00:00');
INSERT INTO "_sqlite_migrations" VALUES(7,'suno-bot','m007_what_is_over','2026-11-28 22:27:33.673211+00:00');
INSERT INTO "_sqlite_migrations" VALUES(8,'suno-bot','m008_relay_fingerprints','2026-11-28 22:27:33.677381+00:00');
INSERT INTO "_sqlite_migrations" VALUES(9,'suno-bot','m009_limits','2026-11-28 22:27:33.680951+00:00');
INSERT INTO "_sqlite_migrations" VALUES(10,'suno-bot','m010_blocked_channels','2026-11-28 22:27:33.686694+00:00');
INSERT INTO "_sqlite_migrations" VALUES(11,'suno-bot','m011_bounded_texts','2026-11-28 22:27:33.689201+00:00');
INSERT INTO "_sqlite_migrations" VALUES(12,'suno-bot','m012_departed_servers','2026-11-28 22:27:33.693170+00:00');
INSERT INTO "_sqlite_migrations" VALUES(13,'suno-bot','m013_cards','2026-11-28 22:27:33.698614+00:00');
INSERT INTO "_sqlite_migrations" VALUES(14,'suno-bot','m014_message_limits','2026-11-28 22:27:33.701515+00:00');
INSERT INTO "_sqlite_migrations" VALUES(15,'suno-bot','m015_standard_names','2026-11-28 22:27:33.763801+00:00');
CREATE TABLE blocked_channels (
        channel_id  INTEGER PRIMARY KEY,
        guild_id    INTEGER,              -- NULL for a direct message
        locale      TEXT NOT NULL,        -- the language of the place
        reason      TEXT NOT NULL,
        blocked_since       REAL NOT NULL,
        next_probe_at REAL NOT NULL         -- when one message is tried there
    ) STRICT
    ;
INSERT INTO "blocked_channels" VALUES(501,50,'zh-CN','403/50013',1700000060.0,1700000660.0);
CREATE TABLE "deliveries" (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        relay      TEXT NOT NULL,
        task_id    TEXT NOT NULL,
        channel_id INTEGER,               -- NULL until the direct message is opened
        guild_id   INTEGER,               -- NULL in a direct message
        user_id    INTEGER,               -- whom to tell directly, in place of a channel
        locale     TEXT NOT NULL,         -- the language of the place
        end_reason     TEXT NOT NULL,
        task_json     TEXT NOT NULL,         -- the task as it is to be told, JSON
        state      TEXT NOT NULL
            CHECK (state IN ('due', 'sending', 'sent', 'held', 'dropped', 'quarantined')),
        nonce      TEXT NOT NULL,
        message_format       TEXT NOT NULL,         -- how much of it Discord did not refuse yet
        attempts   INTEGER NOT NULL DEFAULT 0,
        reason     TEXT,                  -- why it is held, was dropped, or has to wait
        redirected_from INTEGER,               -- the channel where it could not be said
        possible_duplicate     INTEGER NOT NULL DEFAULT 0,  -- whether it may have been posted there before
        due_at     REAL,                  -- NULL once it is over
        created_at REAL NOT NULL,
        unconfirmed_since REAL,              -- when Discord may first have taken it, unheard
        sent_at    REAL,
        message_id INTEGER, role_mentioned_at REAL, purpose TEXT NOT NULL DEFAULT 'notice'
        CHECK (purpose IN ('notice', 'held_notice')),
        CHECK (channel_id IS NOT NULL OR user_id IS NOT NULL)
    ) STRICT
    ;
INSERT INTO "deliveries" VALUES(1,'custom','told',500,50,NULL,'en-US','finished','{"id":"told","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""},{"id":"clip-2","title":"河上纸船","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"民谣","lyrics":"[主歌]\n纸船漂过长长的河","reason":""}],"lyrics":null}','sent','9ad9a38028fd2972c087848a1','full',1,NULL,NULL,0,NULL,1700000060.0,1700000060.0,1700000061.0,9001,NULL,'notice');
INSERT INTO "deliveries" VALUES(2,'custom','held',501,50,NULL,'zh-CN','finished','{"id":"held","status":"SUCCESS","outcome":"success","kind":"lyrics","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":{"text":"[Chorus]\nRow, row","title":"Paper Boats","style":""}}','due','f80d94241ea831eabcf382e60','full',1,NULL,NULL,0,1700000060.0,1700000060.0,NULL,NULL,NULL,NULL,'notice');
INSERT INTO "deliveries" VALUES(3,'custom','held',701,NULL,1,'zh-CN','finished','{"id":"held","status":"SUCCESS","outcome":"success","kind":"lyrics","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":{"text":"[Chorus]\nRow, row","title":"Paper Boats","style":""}}','sent','2c0da9fbb8dfc16fe297cc712','full',1,NULL,501,0,NULL,1700000060.0,1700000060.0,1700000061.0,9002,NULL,'held_notice');
INSERT INTO "deliveries" VALUES(4,'custom','moved',502,50,NULL,'en-US','finished','{"id":"moved","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}','dropped','50c695b9baa97294db48ee9f5','full',1,'404/10003',NULL,0,NULL,1700000060.0,1700000060.0,NULL,NULL,NULL,'notice');
INSERT INTO "deliveries" VALUES(5,'custom','moved',702,NULL,2,'en-US','finished','{"id":"moved","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}','sending','5e8fa64837bed99eee99ab8ee','full',1,NULL,502,0,1700000060.0,1700000060.0,1700000060.0,NULL,NULL,NULL,'notice');
INSERT INTO "deliveries" VALUES(6,'custom','sending',500,50,NULL,'en-US','finished','{"id":"sending","status":"FAILURE","outcome":"failure","kind":"music","claimed_kind":null,"progress":null,"reason":"Song description contained artist name","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}','due','c9f53e99b9b3cca6153adb4a5','full',0,NULL,NULL,0,1700000060.0,1700000060.0,NULL,NULL,NULL,NULL,'notice');
INSERT INTO "deliveries" VALUES(7,'custom','due',500,50,NULL,'en-US','finished','{"id":"due","status":"FAILURE","outcome":"failure","kind":"music","claimed_kind":null,"progress":null,"reason":"Song description contained artist name","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}','due','7ab8d5b665a49fdfff735de22','full',0,NULL,NULL,0,1700000060.0,1700000060.0,NULL,NULL,NULL,NULL,'notice');
INSERT INTO "deliveries" VALUES(8,'custom','lost',702,NULL,2,'en-US','not_found','{"id":"lost","status":"IN_PROGRESS","outcome":null,"kind":"music","claimed_kind":null,"progress":30,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}','due','8c7baa457de16ea1bb808ff55','full',0,NULL,NULL,0,1700000060.0,1700000060.0,NULL,NULL,NULL,NULL,'notice');
CREATE TABLE departed_servers ( guild_id INTEGER PRIMARY KEY, missing_since REAL NOT NULL) STRICT;
CREATE TABLE history (
        id       INTEGER PRIMARY KEY,
        relay    TEXT NOT NULL,
        task_id  TEXT NOT NULL,
        kind     TEXT,
        end_reason   TEXT NOT NULL,
        duration     REAL,                    -- seconds, of what made something
        ended_at REAL NOT NULL,           -- when a watch of it first ended
        words    TEXT NOT NULL,           -- titles, styles and lyrics, made comparable
        task_json   TEXT NOT NULL,           -- the task as it was last told, JSON
        UNIQUE (relay, task_id)
    ) STRICT
    ;
INSERT INTO "history" VALUES(1,'custom','told','music','finished',60.0,1700000060.0,'paper boats folk, acoustic [verse] paper boats on a rainy street 河上纸船 民谣 [主歌] 纸船漂过长长的河  ','{"id":"told","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""},{"id":"clip-2","title":"河上纸船","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"民谣","lyrics":"[主歌]\n纸船漂过长长的河","reason":""}],"lyrics":null}');
INSERT INTO "history" VALUES(2,'custom','held','lyrics','finished',60.0,1700000060.0,'paper boats [chorus] row, row  ','{"id":"held","status":"SUCCESS","outcome":"success","kind":"lyrics","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":{"text":"[Chorus]\nRow, row","title":"Paper Boats","style":""}}');
INSERT INTO "history" VALUES(3,'custom','moved','music','finished',60.0,1700000060.0,'paper boats folk, acoustic [verse] paper boats on a rainy street  ','{"id":"moved","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}');
INSERT INTO "history" VALUES(4,'custom','sending','music','finished',NULL,1700000060.0,'  ','{"id":"sending","status":"FAILURE","outcome":"failure","kind":"music","claimed_kind":null,"progress":null,"reason":"Song description contained artist name","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}');
INSERT INTO "history" VALUES(5,'custom','due','music','finished',NULL,1700000060.0,'  ','{"id":"due","status":"FAILURE","outcome":"failure","kind":"music","claimed_kind":null,"progress":null,"reason":"Song description contained artist name","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}');
PRAGMA writable_schema=ON;
INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql)VALUES('table','history_index','history_index',0,'CREATE VIRTUAL TABLE history_index USING fts5 (
        words, content = ''history'', content_rowid = ''id'',
        tokenize = ''trigram case_sensitive 1''
    )');
CREATE TABLE 'history_index_config'(k PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO "history_index_config" VALUES('version',4);
CREATE TABLE 'history_index_data'(id INTEGER PRIMARY KEY, block BLOB);
INSERT INTO "history_index_data" VALUES(1,X'058133');
INSERT INTO "history_index_data" VALUES(10,X'000000000103030003010101020101030101');
INSERT INTO "history_index_data" VALUES(137438953473,X'000002890430205B7601021C0303E4B8BB01024A020261200102330301630102130202626F010407250202666F01020D02026F6E01023002027061010224020272610102350202737401023B0206E6B091E8B0A30102470305B2B3E4B88A0102420206E7BAB8E888B901024F01032C206101021201035B766501021D0206E4B8BBE6AD8C01024B01035D20700102230303E7BAB801024E01036120720102340202636F0102140202696E01023702027065010403250202747301040A250103626F6101040825010363205B01021B02026F750102150103655D200102220202657401023F020272200104052503017301021F020274200102400103666F6C01020E010369632001021A02026E7901023801036B2C2001021101036C6B2C01021001036E20610102320202792001023901036F61740104092502026C6B01020F02026E20010231020275730102160103706170010402250202657201040425010372206201040625020261690102360202656501023E02027365010220010373206601020C03016F01022F0202655D0102210202746901021803017201023C01057420E6B2B3010241020269630102190202726501023D0202732001040B250103757374010217010376657201021E010379207301023A0109E4B88AE7BAB8E888B90102440305BBE6AD8C5D01024C0105E6AD8C5D2001024D0206B091E8B0A3200102480204B2B320200102570406E4B88AE7BAB80102430208BC82E8BF87E995BF0102520107E79A84E6B2B3200102560206BAB8E888B9200102450703E6BC820102500107E888B920E6B0910102460406E6BC82E8BF870102510204B0A3205B0102490208BF87E995BFE995BF0102530109E995BFE79A84E6B2B30102550406E995BFE79A8401025404080807060807070707070B0A0B08080B080808070708080908070807080607080807080808070907070709080907070708060707060A0707080808080E0A0A0B090B0D0C0B080C0B090D0E');
INSERT INTO "history_index_data" VALUES(274877906945,X'000000D20430205B6302020D0202626F0202070202726F0204160701032C207202021A01035B636802020E01035D207202021501036170650202030202747302020A0103626F61020208010363686F02020F01036572200202050103686F7202021001036F6174020209020272750202110202772002021D03012C020218010370617002020202026572020204010372206202020602026F770204170702027573020212010373205B02020C02025D20020214010374732002020B010375735D020213010377202002021E02022C20020219040807080808080807080808080807070608070808070807080808');
INSERT INTO "history_index_data" VALUES(412316860417,X'000001990430205B7603021C020261200302330301630302130202626F030407250202666F03020D02026F6E03023002027061030224020272610302350202737403023B01032C206103021201035B766503021D01035D207003022301036120720302340202636F0302140202696E03023702027065030403250202747303040A250103626F6103040825010363205B03021B02026F750302150103655D200302220202657403023F020272200304052503017303021F020274200302400103666F6C03020E010369632003021A02026E7903023801036B2C2003021101036C6B2C03021001036E20610302320202792003023901036F61740304092502026C6B03020F02026E20030231020275730302160103706170030402250202657203040425010372206203040625020261690302360202656503023E02027365030220010373206603020C03016F03022F0202655D0302210202746903021803017203023C0103742020030241020269630302190202726503023D0202732003040B250103757374030217010376657203021E010379207303023A040807060807070707070808080807070808090807080708060708080708080807090707070908090707070806070706080707080808');
CREATE TABLE 'history_index_docsize'(id INTEGER PRIMARY KEY, sz BLOB);
INSERT INTO "history_index_docsize" VALUES(1,X'56');
INSERT INTO "history_index_docsize" VALUES(2,X'1D');
INSERT INTO "history_index_docsize" VALUES(3,X'40');
INSERT INTO "history_index_docsize" VALUES(4,X'00');
INSERT INTO "history_index_docsize" VALUES(5,X'00');
CREATE TABLE 'history_index_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
INSERT INTO "history_index_idx" VALUES(1,X'',2);
INSERT INTO "history_index_idx" VALUES(2,X'',2);
INSERT INTO "history_index_idx" VALUES(3,X'',2);
INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql)VALUES('table','history_trigrams','history_trigrams',0,'CREATE VIRTUAL TABLE history_trigrams USING fts5vocab (''history_index'', ''instance'')');
CREATE TABLE "key_values" (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "key_values" VALUES('a note','kept');
INSERT INTO "key_values" VALUES('custom answered at','1700000060.0');
INSERT INTO "key_values" VALUES('secret of the message limits','74efd33b302671c57d874f35853ce17b1261075fa691e9a18bca2bbaf2fa1540');
CREATE TABLE "live_card_tasks" (
        card_id INTEGER NOT NULL REFERENCES "live_cards" (id) ON DELETE CASCADE,
        relay   TEXT NOT NULL,
        task_id TEXT NOT NULL,
        PRIMARY KEY (card_id, task_id)
    ) STRICT
    ;
INSERT INTO "live_card_tasks" VALUES(1,'custom','running');
INSERT INTO "live_card_tasks" VALUES(1,'custom','stranger');
CREATE TABLE "live_cards" (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        relay      TEXT NOT NULL,
        channel_id INTEGER NOT NULL,
        guild_id   INTEGER,
        locale     TEXT NOT NULL,
        message_id INTEGER,               -- NULL until it is posted
        marked_stale_at REAL NOT NULL,         -- when its watchers last changed
        updated_at   REAL                   -- when it was last edited, or looked at for that
    , state TEXT NOT NULL DEFAULT 'posted'
        CHECK (state IN ('due', 'posting', 'posted')), nonce TEXT NOT NULL DEFAULT '', attempts INTEGER NOT NULL DEFAULT 0, due_at REAL NOT NULL DEFAULT 0, unconfirmed_since REAL, own_text_only INTEGER NOT NULL DEFAULT 0, shown_version TEXT, content_digest TEXT) STRICT
    ;
INSERT INTO "live_cards" VALUES(1,'custom',500,50,'en-US',9003,1700000000.0,1700000000.0,'posted','feffc2d00570564fc4bae7033',0,0.0,NULL,0,NULL,NULL);
CREATE TABLE "notified_users" (        -- who was told that a channel is blocked
        channel_id INTEGER NOT NULL REFERENCES blocked_channels (channel_id) ON DELETE CASCADE,
        user_id    INTEGER NOT NULL,
        PRIMARY KEY (channel_id, user_id)
    ) STRICT, WITHOUT ROWID
    ;
INSERT INTO "notified_users" VALUES(501,1);
CREATE TABLE requested_messages (
        id           INTEGER PRIMARY KEY,
        user_hash       TEXT NOT NULL,       -- a keyed hash of the user id
        channel_hash      TEXT NOT NULL,       -- of the channel's, which may be a direct message
        guild_id     INTEGER,             -- NULL in a direct message
        requested_at REAL NOT NULL
    ) STRICT
    ;
INSERT INTO "requested_messages" VALUES(1,'7d52475380851a60384e75ddf478ad7333ddcbbf4b13ef3054fddecf63172157','5370da7cfb710fb036ca9fbc7defc882d5d85429c91d09cfb917080eb5649ee8',50,1700000000.0);
INSERT INTO "requested_messages" VALUES(2,'395327da2ade359af1fb9f1df99f480c205bcf4e00f37716f8b7624f701ba50a','5370da7cfb710fb036ca9fbc7defc882d5d85429c91d09cfb917080eb5649ee8',50,1700000000.0);
CREATE TABLE "server_history" (
        guild_id   INTEGER NOT NULL,
        entry_id   INTEGER NOT NULL REFERENCES history (id),
        channel_id INTEGER NOT NULL,
        ended_at   REAL NOT NULL,
        PRIMARY KEY (guild_id, entry_id, channel_id)
    ) STRICT, WITHOUT ROWID
    ;
INSERT INTO "server_history" VALUES(50,1,500,1700000060.0);
INSERT INTO "server_history" VALUES(50,2,501,1700000060.0);
INSERT INTO "server_history" VALUES(50,3,502,1700000060.0);
INSERT INTO "server_history" VALUES(50,4,500,1700000060.0);
INSERT INTO "server_history" VALUES(50,5,500,1700000060.0);
CREATE TABLE server_settings ( guild_id INTEGER PRIMARY KEY, settings TEXT NOT NULL) STRICT;
INSERT INTO "server_settings" VALUES(50,'{"language":"zh-CN","uploads":true}');
CREATE TABLE tasks (
        relay          TEXT NOT NULL,
        task_id        TEXT NOT NULL,
        state          TEXT NOT NULL CHECK (state IN ('running', 'ended')),
        end_reason         TEXT,              -- how the watch ended, once it did
        kind           TEXT,              -- what the data showed it to be, if they did
        status         TEXT NOT NULL,     -- the furthest that the relay said
        task_json         TEXT NOT NULL,     -- the task as the relay described it then, JSON
        known          INTEGER NOT NULL,  -- whether the relay ever knew it
        misses         INTEGER NOT NULL DEFAULT 0,  -- looks in a row that did not find it
        missing_since  REAL,              -- when the first of these was
        terminal_since REAL,              -- when the relay first said that it has ended
        added_at       REAL NOT NULL,
        polled_at      REAL,
        next_poll_at   REAL,              -- NULL once ended
        deadline_at    REAL NOT NULL,
        ended_at       REAL, changed_at REAL, submitted_at REAL, hint TEXT, fingerprint TEXT,
        PRIMARY KEY (relay, task_id)
    ) STRICT
    ;
INSERT INTO "tasks" VALUES('custom','told','ended','finished','music','SUCCESS','{"id":"told","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""},{"id":"clip-2","title":"河上纸船","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"民谣","lyrics":"[主歌]\n纸船漂过长长的河","reason":""}],"lyrics":null}',1,0,NULL,NULL,1700000000.0,1700000060.0,NULL,1700086400.0,1700000060.0,1700000060.0,1700000000.0,'music','');
INSERT INTO "tasks" VALUES('custom','held','ended','finished','lyrics','SUCCESS','{"id":"held","status":"SUCCESS","outcome":"success","kind":"lyrics","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":{"text":"[Chorus]\nRow, row","title":"Paper Boats","style":""}}',1,0,NULL,NULL,1700000000.0,1700000060.0,NULL,1700086400.0,1700000060.0,1700000060.0,1700000000.0,'lyrics','');
INSERT INTO "tasks" VALUES('custom','moved','ended','finished','music','SUCCESS','{"id":"moved","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}',1,0,NULL,NULL,1700000000.0,1700000060.0,NULL,1700086400.0,1700000060.0,1700000060.0,1700000000.0,'music','');
INSERT INTO "tasks" VALUES('custom','running','running',NULL,'music','IN_PROGRESS','{"id":"running","status":"IN_PROGRESS","outcome":null,"kind":"music","claimed_kind":null,"progress":30,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}',1,0,NULL,NULL,1700000000.0,NULL,1700000000.0,1700086400.0,NULL,NULL,1700000000.0,'music','');
INSERT INTO "tasks" VALUES('custom','stranger','running',NULL,NULL,'IN_PROGRESS','{"id":"stranger","status":"IN_PROGRESS","outcome":null,"kind":null,"claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}',0,0,NULL,NULL,1700000000.0,NULL,1700000000.0,1700086400.0,NULL,NULL,1700000000.0,NULL,NULL);
INSERT INTO "tasks" VALUES('custom','sending','ended','finished','music','FAILURE','{"id":"sending","status":"FAILURE","outcome":"failure","kind":"music","claimed_kind":null,"progress":null,"reason":"Song description contained artist name","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}',1,0,NULL,NULL,1700000000.0,1700000060.0,NULL,1700086400.0,1700000060.0,1700000060.0,1700000000.0,'music','');
INSERT INTO "tasks" VALUES('custom','due','ended','finished','music','FAILURE','{"id":"due","status":"FAILURE","outcome":"failure","kind":"music","claimed_kind":null,"progress":null,"reason":"Song description contained artist name","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}',1,0,NULL,NULL,1700000000.0,1700000060.0,NULL,1700086400.0,1700000060.0,1700000060.0,1700000000.0,'music','');
INSERT INTO "tasks" VALUES('custom','lost','ended','not_found','music','IN_PROGRESS','{"id":"lost","status":"IN_PROGRESS","outcome":null,"kind":"music","claimed_kind":null,"progress":30,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}',1,0,NULL,NULL,1700000000.0,1700000060.0,NULL,1700086400.0,1700000060.0,NULL,1700000000.0,'music','');
CREATE TABLE "user_history" (
        user_id  INTEGER NOT NULL,
        entry_id INTEGER NOT NULL REFERENCES history (id),
        ended_at REAL NOT NULL,
        PRIMARY KEY (user_id, entry_id)
    ) STRICT, WITHOUT ROWID
    ;
INSERT INTO "user_history" VALUES(1,1,1700000060.0);
INSERT INTO "user_history" VALUES(1,2,1700000060.0);
INSERT INTO "user_history" VALUES(1,4,1700000060.0);
INSERT INTO "user_history" VALUES(1,5,1700000060.0);
INSERT INTO "user_history" VALUES(2,1,1700000060.0);
INSERT INTO "user_history" VALUES(2,3,1700000060.0);
CREATE TABLE "watches" (
        id          INTEGER PRIMARY KEY,
        relay       TEXT NOT NULL,
        task_id     TEXT NOT NULL,
        channel_id  INTEGER NOT NULL,
        guild_id    INTEGER,
        user_id     INTEGER NOT NULL,
        locale      TEXT NOT NULL,
        created_at  REAL NOT NULL,
        delivery_id INTEGER REFERENCES deliveries (id)  -- NULL while the task runs
    , mention INTEGER NOT NULL DEFAULT 1) STRICT
    ;
INSERT INTO "watches" VALUES(1,'custom','told',500,50,1,'en-US',1700000000.0,1,1);
INSERT INTO "watches" VALUES(2,'custom','told',500,50,2,'en-US',1700000000.0,1,1);
INSERT INTO "watches" VALUES(3,'custom','held',501,50,1,'zh-CN',1700000000.0,2,1);
INSERT INTO "watches" VALUES(4,'custom','moved',502,50,2,'en-US',1700000000.0,5,1);
INSERT INTO "watches" VALUES(5,'custom','running',500,50,1,'en-US',1700000000.0,NULL,1);
INSERT INTO "watches" VALUES(6,'custom','running',500,50,2,'en-US',1700000000.0,NULL,0);
INSERT INTO "watches" VALUES(7,'custom','running',701,NULL,1,'en-US',1700000000.0,NULL,1);
INSERT INTO "watches" VALUES(8,'custom','stranger',500,50,2,'en-US',1700000000.0,NULL,1);
INSERT INTO "watches" VALUES(9,'custom','sending',500,50,1,'en-US',1700000000.0,6,1);
INSERT INTO "watches" VALUES(10,'custom','due',500,50,1,'en-US',1700000000.0,7,1);
INSERT INTO "watches" VALUES(11,'custom','lost',702,NULL,2,'en-US',1700000000.0,8,1);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX tasks_due ON tasks (relay, next_poll_at) WHERE state = 'running';
CREATE INDEX history_by_kind ON history (relay, kind, ended_at) WHERE duration IS NOT NULL;
CREATE TRIGGER history_added AFTER INSERT ON history BEGIN
        INSERT INTO history_index (rowid, words) VALUES (new.id, new.words);
    END;
CREATE TRIGGER history_changed AFTER UPDATE OF words ON history
    WHEN old.words != new.words BEGIN
        INSERT INTO history_index (history_index, rowid, words)
            VALUES ('delete', old.id, old.words);
        INSERT INTO history_index (rowid, words) VALUES (new.id, new.words);
    END;
CREATE TRIGGER history_deleted AFTER DELETE ON history BEGIN
        INSERT INTO history_index (history_index, rowid, words)
            VALUES ('delete', old.id, old.words);
    END;
CREATE INDEX tasks_ended ON tasks (ended_at) WHERE state = 'ended';
CREATE INDEX deliveries_due ON deliveries (due_at)
        WHERE state IN ('due', 'held') AND channel_id IS NOT NULL
    ;
CREATE INDEX deliveries_unopened ON deliveries (due_at)
        WHERE state = 'due' AND channel_id IS NULL
    ;
CREATE INDEX deliveries_quarantined ON deliveries (id) WHERE state = 'quarantined';
CREATE INDEX deliveries_open ON deliveries (channel_id, state, id)
        WHERE state IN ('due', 'sending', 'held')
    ;
CREATE INDEX deliveries_of_task ON deliveries (task_id);
CREATE INDEX deliveries_posted ON deliveries (channel_id, sent_at)
        WHERE message_id IS NOT NULL
    ;
CREATE INDEX requested_messages_by_age ON requested_messages (requested_at);
CREATE INDEX deliveries_role_mentions ON deliveries (channel_id, role_mentioned_at)
        WHERE role_mentioned_at IS NOT NULL
    ;
CREATE UNIQUE INDEX watches_open ON watches (relay, task_id, channel_id, user_id)
        WHERE delivery_id IS NULL
    ;
CREATE INDEX watches_open_by_user ON watches (user_id) WHERE delivery_id IS NULL;
CREATE INDEX watches_open_by_server ON watches (guild_id) WHERE delivery_id IS NULL;
CREATE INDEX watches_by_delivery ON watches (delivery_id);
CREATE INDEX watches_by_user ON watches (user_id, id);
CREATE INDEX watches_by_task ON watches (relay, task_id);
CREATE INDEX live_card_tasks_by_task ON live_card_tasks (relay, task_id);
CREATE INDEX live_cards_by_channel ON live_cards (channel_id);
CREATE INDEX server_history_newest ON server_history (guild_id, ended_at);
CREATE INDEX server_history_by_entry ON server_history (entry_id);
CREATE INDEX user_history_newest ON user_history (user_id, ended_at);
CREATE INDEX user_history_by_entry ON user_history (entry_id);
CREATE INDEX deliveries_finished ON deliveries (coalesce(sent_at, created_at))
        WHERE state IN ('sent', 'dropped')
    ;
CREATE INDEX requested_messages_by_user ON requested_messages (user_hash, requested_at);
CREATE INDEX requested_messages_by_channel ON requested_messages (channel_hash, requested_at)
    ;
PRAGMA writable_schema=OFF;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('deliveries',8);
INSERT INTO "sqlite_sequence" VALUES('live_cards',1);
COMMIT;
