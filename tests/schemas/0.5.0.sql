BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'suno-bot','m001_watches_and_outbox','2026-11-29 00:56:56.994302+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'suno-bot','m002_history','2026-11-29 00:56:56.995447+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'suno-bot','m003_cards','2026-11-29 00:56:57.013264+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'suno-bot','m004_repeats','2026-11-29 00:56:57.017530+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'suno-bot','m005_server_settings','2026-11-29 00:56:57.029217+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'suno-bot','m006_planned_looks','2026-11-29 00:56:57.037738+00:00');
INSERT INTO "_sqlite_migrations" VALUES(7,'suno-bot','m007_what_is_over','2026-11-29 00:56:57.049272+00:00');
INSERT INTO "_sqlite_migrations" VALUES(8,'suno-bot','m008_relay_fingerprints','2026-11-29 00:56:57.057452+00:00');
INSERT INTO "_sqlite_migrations" VALUES(9,'suno-bot','m009_limits','2026-11-29 00:56:57.069278+00:00');
INSERT INTO "_sqlite_migrations" VALUES(10,'suno-bot','m010_blocked_channels','2026-11-29 00:56:57.078814+00:00');
INSERT INTO "_sqlite_migrations" VALUES(11,'suno-bot','m011_bounded_texts','2026-11-29 00:56:57.093247+00:00');
INSERT INTO "_sqlite_migrations" VALUES(12,'suno-bot','m012_departed_servers','2026-11-29 00:56:57.103536+00:00');
INSERT INTO "_sqlite_migrations" VALUES(13,'suno-bot','m013_cards','2026-11-29 00:56:57.114703+00:00');
INSERT INTO "_sqlite_migrations" VALUES(14,'suno-bot','m014_message_limits','2026-11-29 00:56:57.121564+00:00');
INSERT INTO "_sqlite_migrations" VALUES(15,'suno-bot','m015_standard_names','2026-11-29 00:56:57.200643+00:00');
INSERT INTO "_sqlite_migrations" VALUES(16,'suno-bot','m016_summaries','2026-11-29 00:56:57.207269+00:00');
INSERT INTO "_sqlite_migrations" VALUES(17,'suno-bot','m017_user_settings','2026-11-29 00:56:57.209357+00:00');
INSERT INTO "_sqlite_migrations" VALUES(18,'suno-bot','m018_forums','2026-11-29 00:56:57.213447+00:00');
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
        channel_id INTEGER,               -- NULL until the direct message is opened
        guild_id   INTEGER,               -- NULL in a direct message
        user_id    INTEGER,               -- whom to tell directly, in place of a channel
        locale     TEXT NOT NULL,         -- the language of the place
        purpose    TEXT NOT NULL CHECK (purpose IN ('notice', 'held_notice')),
        state      TEXT NOT NULL CHECK (state IN
            ('collecting', 'due', 'sending', 'sent', 'held', 'dropped', 'quarantined')),
        group_id   INTEGER,               -- whose tasks it collects
        still_running INTEGER NOT NULL DEFAULT 0,  -- tasks of the group that it does not wait for
        nonce      TEXT NOT NULL,
        message_format TEXT NOT NULL,     -- how much of it Discord did not refuse yet
        attempts   INTEGER NOT NULL DEFAULT 0,
        reason     TEXT,                  -- why it is held, was dropped, or has to wait
        redirected_from INTEGER,          -- the channel where it could not be said
        possible_duplicate INTEGER NOT NULL DEFAULT 0,
        due_at     REAL,                  -- NULL once it is over
        created_at REAL NOT NULL,
        unconfirmed_since REAL,           -- when Discord may first have taken it, unheard
        sent_at    REAL,
        message_id INTEGER,
        role_mentioned_at REAL, thread_id INTEGER,           -- NULL: it mentions no role
        CHECK (channel_id IS NOT NULL OR user_id IS NOT NULL),
        CHECK ((state = 'collecting') = (group_id IS NOT NULL))
    ) STRICT
    ;
INSERT INTO "deliveries" VALUES(1,'custom',500,50,NULL,'en-US','notice','sent',NULL,0,'ffb711ee2b0e4450a6fe41117','full',1,NULL,NULL,0,NULL,1700000060.0,1700000060.0,1700000061.0,9001,NULL,NULL);
INSERT INTO "deliveries" VALUES(2,'custom',501,50,NULL,'zh-CN','notice','due',NULL,0,'2ee9f74599a0bb958c5921934','full',1,NULL,NULL,0,1700000060.0,1700000060.0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(3,'custom',701,NULL,1,'zh-CN','held_notice','sent',NULL,0,'e1aa111d26624415f05eb5d94','full',1,NULL,501,0,NULL,1700000060.0,1700000060.0,1700000061.0,9002,NULL,NULL);
INSERT INTO "deliveries" VALUES(4,'custom',502,50,NULL,'en-US','notice','dropped',NULL,0,'d474bc328b25812ac26af23a4','full',1,'404/10003',NULL,0,NULL,1700000060.0,1700000060.0,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(5,'custom',702,NULL,2,'en-US','notice','sending',NULL,0,'5e7c3fcc57dc09bd81f8bfd58','full',1,NULL,502,0,1700000060.0,1700000060.0,1700000060.0,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(6,'custom',500,50,NULL,'en-US','notice','due',NULL,0,'9d90a67a1ab3fe3e2f08c2352','full',0,NULL,NULL,0,1700000060.0,1700000060.0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(7,'custom',500,50,NULL,'en-US','notice','due',NULL,0,'3cf3bb3f295c620b7fc868d6b','full',0,NULL,NULL,0,1700000060.0,1700000060.0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(8,'custom',702,NULL,2,'en-US','notice','due',NULL,0,'3bc0e7f14613e4ac795811a1b','full',0,NULL,NULL,0,1700000060.0,1700000060.0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(9,'custom',503,50,NULL,'en-US','notice','collecting',77,0,'a2a3cf5b0fa9d4ed9bee97571','full',0,NULL,NULL,0,1700001860.0,1700000060.0,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE delivery_tasks (         -- what a message is about
        delivery_id INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
        task_id     TEXT NOT NULL,
        end_reason  TEXT NOT NULL,
        task_json   TEXT NOT NULL,        -- the task as it is to be told
        PRIMARY KEY (delivery_id, task_id)
    ) STRICT
    ;
INSERT INTO "delivery_tasks" VALUES(1,'told','finished','{"id":"told","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""},{"id":"clip-2","title":"河上纸船","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"民谣","lyrics":"[主歌]\n纸船漂过长长的河","reason":""}],"lyrics":null}');
INSERT INTO "delivery_tasks" VALUES(2,'held','finished','{"id":"held","status":"SUCCESS","outcome":"success","kind":"lyrics","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":{"text":"[Chorus]\nRow, row","title":"Paper Boats","style":""}}');
INSERT INTO "delivery_tasks" VALUES(3,'held','finished','{"id":"held","status":"SUCCESS","outcome":"success","kind":"lyrics","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":{"text":"[Chorus]\nRow, row","title":"Paper Boats","style":""}}');
INSERT INTO "delivery_tasks" VALUES(4,'moved','finished','{"id":"moved","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}');
INSERT INTO "delivery_tasks" VALUES(5,'moved','finished','{"id":"moved","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}');
INSERT INTO "delivery_tasks" VALUES(6,'sending','finished','{"id":"sending","status":"FAILURE","outcome":"failure","kind":"music","claimed_kind":null,"progress":null,"reason":"Song description contained artist name","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}');
INSERT INTO "delivery_tasks" VALUES(7,'due','finished','{"id":"due","status":"FAILURE","outcome":"failure","kind":"music","claimed_kind":null,"progress":null,"reason":"Song description contained artist name","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}');
INSERT INTO "delivery_tasks" VALUES(8,'lost','not_found','{"id":"lost","status":"IN_PROGRESS","outcome":null,"kind":"music","claimed_kind":null,"progress":30,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}');
INSERT INTO "delivery_tasks" VALUES(9,'collected','finished','{"id":"collected","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}');
CREATE TABLE departed_servers ( guild_id INTEGER PRIMARY KEY, missing_since REAL NOT NULL) STRICT;
CREATE TABLE forums ( channel_id INTEGER PRIMARY KEY, guild_id INTEGER NOT NULL) STRICT;
INSERT INTO "forums" VALUES(503,50);
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
INSERT INTO "history" VALUES(6,'custom','collected','music','finished',60.0,1700000060.0,'paper boats folk, acoustic [verse] paper boats on a rainy street  ','{"id":"collected","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}');
PRAGMA writable_schema=ON;
INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql)VALUES('table','history_index','history_index',0,'CREATE VIRTUAL TABLE history_index USING fts5 (
        words, content = ''history'', content_rowid = ''id'',
        tokenize = ''trigram case_sensitive 1''
    )');
CREATE TABLE 'history_index_config'(k PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO "history_index_config" VALUES('version',4);
CREATE TABLE 'history_index_data'(id INTEGER PRIMARY KEY, block BLOB);
INSERT INTO "history_index_data" VALUES(1,X'068173');
INSERT INTO "history_index_data" VALUES(10,X'000000000104040004010101020101030101040101');
INSERT INTO "history_index_data" VALUES(137438953473,X'000002890430205B7601021C0303E4B8BB01024A020261200102330301630102130202626F010407250202666F01020D02026F6E01023002027061010224020272610102350202737401023B0206E6B091E8B0A30102470305B2B3E4B88A0102420206E7BAB8E888B901024F01032C206101021201035B766501021D0206E4B8BBE6AD8C01024B01035D20700102230303E7BAB801024E01036120720102340202636F0102140202696E01023702027065010403250202747301040A250103626F6101040825010363205B01021B02026F750102150103655D200102220202657401023F020272200104052503017301021F020274200102400103666F6C01020E010369632001021A02026E7901023801036B2C2001021101036C6B2C01021001036E20610102320202792001023901036F61740104092502026C6B01020F02026E20010231020275730102160103706170010402250202657201040425010372206201040625020261690102360202656501023E02027365010220010373206601020C03016F01022F0202655D0102210202746901021803017201023C01057420E6B2B3010241020269630102190202726501023D0202732001040B250103757374010217010376657201021E010379207301023A0109E4B88AE7BAB8E888B90102440305BBE6AD8C5D01024C0105E6AD8C5D2001024D0206B091E8B0A3200102480204B2B320200102570406E4B88AE7BAB80102430208BC82E8BF87E995BF0102520107E79A84E6B2B3200102560206BAB8E888B9200102450703E6BC820102500107E888B920E6B0910102460406E6BC82E8BF870102510204B0A3205B0102490208BF87E995BFE995BF0102530109E995BFE79A84E6B2B30102550406E995BFE79A8401025404080807060807070707070B0A0B08080B080808070708080908070807080607080807080808070907070709080907070708060707060A0707080808080E0A0A0B090B0D0C0B080C0B090D0E');
INSERT INTO "history_index_data" VALUES(274877906945,X'000000D20430205B6302020D0202626F0202070202726F0204160701032C207202021A01035B636802020E01035D207202021501036170650202030202747302020A0103626F61020208010363686F02020F01036572200202050103686F7202021001036F6174020209020272750202110202772002021D03012C020218010370617002020202026572020204010372206202020602026F770204170702027573020212010373205B02020C02025D20020214010374732002020B010375735D020213010377202002021E02022C20020219040807080808080807080808080807070608070808070807080808');
INSERT INTO "history_index_data" VALUES(412316860417,X'000001990430205B7603021C020261200302330301630302130202626F030407250202666F03020D02026F6E03023002027061030224020272610302350202737403023B01032C206103021201035B766503021D01035D207003022301036120720302340202636F0302140202696E03023702027065030403250202747303040A250103626F6103040825010363205B03021B02026F750302150103655D200302220202657403023F020272200304052503017303021F020274200302400103666F6C03020E010369632003021A02026E7903023801036B2C2003021101036C6B2C03021001036E20610302320202792003023901036F61740304092502026C6B03020F02026E20030231020275730302160103706170030402250202657203040425010372206203040625020261690302360202656503023E02027365030220010373206603020C03016F03022F0202655D0302210202746903021803017203023C0103742020030241020269630302190202726503023D0202732003040B250103757374030217010376657203021E010379207303023A040807060807070707070808080807070808090807080708060708080708080807090707070908090707070806070706080707080808');
INSERT INTO "history_index_data" VALUES(549755813889,X'000001990430205B7606021C020261200602330301630602130202626F060407250202666F06020D02026F6E06023002027061060224020272610602350202737406023B01032C206106021201035B766506021D01035D207006022301036120720602340202636F0602140202696E06023702027065060403250202747306040A250103626F6106040825010363205B06021B02026F750602150103655D200602220202657406023F020272200604052503017306021F020274200602400103666F6C06020E010369632006021A02026E7906023801036B2C2006021101036C6B2C06021001036E20610602320202792006023901036F61740604092502026C6B06020F02026E20060231020275730602160103706170060402250202657206040425010372206206040625020261690602360202656506023E02027365060220010373206606020C03016F06022F0202655D0602210202746906021803017206023C0103742020060241020269630602190202726506023D0202732006040B250103757374060217010376657206021E010379207306023A040807060807070707070808080807070808090807080708060708080708080807090707070908090707070806070706080707080808');
CREATE TABLE 'history_index_docsize'(id INTEGER PRIMARY KEY, sz BLOB);
INSERT INTO "history_index_docsize" VALUES(1,X'56');
INSERT INTO "history_index_docsize" VALUES(2,X'1D');
INSERT INTO "history_index_docsize" VALUES(3,X'40');
INSERT INTO "history_index_docsize" VALUES(4,X'00');
INSERT INTO "history_index_docsize" VALUES(5,X'00');
INSERT INTO "history_index_docsize" VALUES(6,X'40');
CREATE TABLE 'history_index_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
INSERT INTO "history_index_idx" VALUES(1,X'',2);
INSERT INTO "history_index_idx" VALUES(2,X'',2);
INSERT INTO "history_index_idx" VALUES(3,X'',2);
INSERT INTO "history_index_idx" VALUES(4,X'',2);
INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql)VALUES('table','history_trigrams','history_trigrams',0,'CREATE VIRTUAL TABLE history_trigrams USING fts5vocab (''history_index'', ''instance'')');
CREATE TABLE "key_values" (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "key_values" VALUES('a note','kept');
INSERT INTO "key_values" VALUES('custom answered at','1700000060.0');
INSERT INTO "key_values" VALUES('secret of the message limits','4dae0133117c810efad32a1986948b667a5cf306303d7c3e29d2b47ed5787932');
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
INSERT INTO "requested_messages" VALUES(1,'35009c7ea93b35962613c20c62fbe5066ad22244b84a8a2e4353ea749cac17cb','67ad16cbeecee14fc17bbe07a577ecd216690fb0b20038264ea09b84c1fe954a',50,1700000000.0);
INSERT INTO "requested_messages" VALUES(2,'d4d4635bdd2f50646a48bead9c2d374611ae922cb0c4c12752042eaa8741b87f','67ad16cbeecee14fc17bbe07a577ecd216690fb0b20038264ea09b84c1fe954a',50,1700000000.0);
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
INSERT INTO "server_history" VALUES(50,6,503,1700000060.0);
CREATE TABLE server_settings ( guild_id INTEGER PRIMARY KEY, settings TEXT NOT NULL) STRICT;
INSERT INTO "server_settings" VALUES(50,'{"language":"zh-CN"}');
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
INSERT INTO "tasks" VALUES('custom','collected','ended','finished','music','SUCCESS','{"id":"collected","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}',1,0,NULL,NULL,1700000000.0,1700000060.0,NULL,1700086400.0,1700000060.0,1700000060.0,1700000000.0,'music','');
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
INSERT INTO "user_history" VALUES(2,6,1700000060.0);
CREATE TABLE user_settings (
        user_id  INTEGER PRIMARY KEY,
        language TEXT NOT NULL           -- a locale of Discord's
    ) STRICT
    ;
INSERT INTO "user_settings" VALUES(1,'zh-CN');
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
    , mention INTEGER NOT NULL DEFAULT 1, group_id INTEGER) STRICT
    ;
INSERT INTO "watches" VALUES(1,'custom','told',500,50,1,'en-US',1700000000.0,1,1,NULL);
INSERT INTO "watches" VALUES(2,'custom','told',500,50,2,'en-US',1700000000.0,1,1,NULL);
INSERT INTO "watches" VALUES(3,'custom','held',501,50,1,'zh-CN',1700000000.0,2,1,NULL);
INSERT INTO "watches" VALUES(4,'custom','moved',502,50,2,'en-US',1700000000.0,5,1,NULL);
INSERT INTO "watches" VALUES(5,'custom','running',500,50,1,'en-US',1700000000.0,NULL,1,NULL);
INSERT INTO "watches" VALUES(6,'custom','running',500,50,2,'en-US',1700000000.0,NULL,0,NULL);
INSERT INTO "watches" VALUES(7,'custom','running',701,NULL,1,'en-US',1700000000.0,NULL,1,NULL);
INSERT INTO "watches" VALUES(8,'custom','stranger',500,50,2,'en-US',1700000000.0,NULL,1,NULL);
INSERT INTO "watches" VALUES(9,'custom','sending',500,50,1,'en-US',1700000000.0,6,1,NULL);
INSERT INTO "watches" VALUES(10,'custom','due',500,50,1,'en-US',1700000000.0,7,1,NULL);
INSERT INTO "watches" VALUES(11,'custom','lost',702,NULL,2,'en-US',1700000000.0,8,1,NULL);
INSERT INTO "watches" VALUES(12,'custom','collected',503,50,2,'en-US',1700000000.0,9,1,77);
INSERT INTO "watches" VALUES(13,'custom','running',503,50,2,'en-US',1700000000.0,NULL,1,77);
CREATE TABLE welcomed_servers (
        guild_id    INTEGER PRIMARY KEY,
        welcomed_at REAL NOT NULL
    ) STRICT
    ;
INSERT INTO "welcomed_servers" VALUES(50,1700000000.0);
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
CREATE INDEX requested_messages_by_age ON requested_messages (requested_at);
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
CREATE INDEX requested_messages_by_user ON requested_messages (user_hash, requested_at);
CREATE INDEX requested_messages_by_channel ON requested_messages (channel_hash, requested_at)
    ;
CREATE VIEW task_deliveries AS        -- a row for each task of each delivery
        SELECT d.*, t.task_id, t.end_reason, t.task_json
        FROM deliveries d JOIN delivery_tasks t ON t.delivery_id = d.id;
CREATE INDEX delivery_tasks_by_task ON delivery_tasks (task_id);
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
CREATE INDEX deliveries_posted ON deliveries (channel_id, sent_at)
        WHERE message_id IS NOT NULL
    ;
CREATE INDEX deliveries_finished ON deliveries (coalesce(sent_at, created_at))
        WHERE state IN ('sent', 'dropped')
    ;
CREATE INDEX deliveries_role_mentions ON deliveries (channel_id, role_mentioned_at)
        WHERE role_mentioned_at IS NOT NULL
    ;
CREATE UNIQUE INDEX deliveries_collecting ON deliveries (group_id) WHERE state = 'collecting';
CREATE INDEX deliveries_collected ON deliveries (due_at) WHERE state = 'collecting';
CREATE INDEX watches_open_by_group ON watches (group_id) WHERE delivery_id IS NULL;
PRAGMA writable_schema=OFF;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('deliveries',9);
INSERT INTO "sqlite_sequence" VALUES('live_cards',1);
COMMIT;
