BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'suno-bot','m001_watches_and_outbox','2026-11-29 20:38:30.264329+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'suno-bot','m002_history','2026-11-29 20:38:30.265467+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'suno-bot','m003_cards','2026-11-29 20:38:30.266494+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'suno-bot','m004_repeats','2026-11-29 20:38:30.267086+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'suno-bot','m005_server_settings','2026-11-29 20:38:30.267435+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'suno-bot','m006_planned_looks','2026-11-29 20:38:30.268203+00:00');
INSERT INTO "_sqlite_migrations" VALUES(7,'suno-bot','m007_what_is_over','2026-11-29 20:38:30.268641+00:00');
INSERT INTO "_sqlite_migrations" VALUES(8,'suno-bot','m008_relay_fingerprints','2026-11-29 20:38:30.269208+00:00');
INSERT INTO "_sqlite_migrations" VALUES(9,'suno-bot','m009_limits','2026-11-29 20:38:30.269580+00:00');
INSERT INTO "_sqlite_migrations" VALUES(10,'suno-bot','m010_blocked_channels','2026-11-29 20:38:30.271414+00:00');
INSERT INTO "_sqlite_migrations" VALUES(11,'suno-bot','m011_bounded_texts','2026-11-29 20:38:30.272020+00:00');
INSERT INTO "_sqlite_migrations" VALUES(12,'suno-bot','m012_departed_servers','2026-11-29 20:38:30.272505+00:00');
INSERT INTO "_sqlite_migrations" VALUES(13,'suno-bot','m013_cards','2026-11-29 20:38:30.274373+00:00');
INSERT INTO "_sqlite_migrations" VALUES(14,'suno-bot','m014_message_limits','2026-11-29 20:38:30.275178+00:00');
INSERT INTO "_sqlite_migrations" VALUES(15,'suno-bot','m015_standard_names','2026-11-29 20:38:30.311707+00:00');
INSERT INTO "_sqlite_migrations" VALUES(16,'suno-bot','m016_summaries','2026-11-29 20:38:30.314600+00:00');
INSERT INTO "_sqlite_migrations" VALUES(17,'suno-bot','m017_user_settings','2026-11-29 20:38:30.315358+00:00');
INSERT INTO "_sqlite_migrations" VALUES(18,'suno-bot','m018_forums','2026-11-29 20:38:30.316111+00:00');
INSERT INTO "_sqlite_migrations" VALUES(19,'suno-bot','m020_relay_accounts','2026-11-29 20:38:30.324709+00:00');
INSERT INTO "_sqlite_migrations" VALUES(20,'suno-bot','m021_creations','2026-11-29 20:38:30.326146+00:00');
CREATE TABLE accounts_without_credit (
        account TEXT PRIMARY KEY,         -- connected, or the operator's
        since   REAL,                     -- NULL: it has credit again
        told_at REAL                      -- when who connected it was told
    ) STRICT, WITHOUT ROWID
    ;
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
CREATE TABLE creation_tasks (         -- the task of each; one that no relay has begun at first
        account     TEXT NOT NULL,
        task_id     TEXT NOT NULL,
        creation_id INTEGER NOT NULL REFERENCES creations (id) ON DELETE CASCADE,
        PRIMARY KEY (account, task_id)
    ) STRICT, WITHOUT ROWID
    ;
INSERT INTO "creation_tasks" VALUES('custom','created',1);
INSERT INTO "creation_tasks" VALUES('custom','creation-2',2);
INSERT INTO "creation_tasks" VALUES('custom','creation-3',3);
CREATE TABLE creations (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        account    TEXT NOT NULL,
        state      TEXT NOT NULL CHECK (state IN
            ('queued', 'submitting', 'submitted', 'rejected', 'unconfirmed', 'cancelled')),
        user_id    INTEGER,               -- NULL, like the request, once nothing refers to it
        author_id  INTEGER,               -- who wrote the request, if somebody else
        request    TEXT,                  -- JSON
        user_hash  TEXT NOT NULL,         -- a keyed hash of the user id
        guild_hash TEXT NOT NULL,         -- of the id of the server, whose quotas apply, or empty
        deadline   REAL NOT NULL,         -- seconds, from when the relay begins
        created_at REAL NOT NULL,
        due_at     REAL,                  -- when it may be sent; NULL unless it is queued
        attempts   INTEGER NOT NULL DEFAULT 0,  -- how often it went back to the queue
        rejection  TEXT,                  -- why nothing was created
        CHECK ((state = 'queued') = (due_at IS NOT NULL)),
        CHECK ((user_id IS NULL) = (request IS NULL))
    ) STRICT
    ;
INSERT INTO "creations" VALUES(1,'custom','submitted',2,NULL,'{"kind":"custom","description":"","title":"Harbour","style":"","lyrics":"Boats","instrumental":false,"model":"chirp","extend_task_id":"","extend_clip_id":"","extend_at":null}','b6a0c095be56dfa78f84d2702c1981ac64ee5db935a950895dcde5dc74746442','c66f10d72062d8a34b445ca8b17e4bf8788d85f057c25c41e432a57a9b00a0a6',86400.0,1700000000.0,NULL,0,NULL);
INSERT INTO "creations" VALUES(2,'custom','submitting',2,NULL,'{"kind":"custom","description":"","title":"Harbour","style":"","lyrics":"Boats","instrumental":false,"model":"chirp","extend_task_id":"","extend_clip_id":"","extend_at":null}','b6a0c095be56dfa78f84d2702c1981ac64ee5db935a950895dcde5dc74746442','c66f10d72062d8a34b445ca8b17e4bf8788d85f057c25c41e432a57a9b00a0a6',86400.0,1700000001.0,NULL,0,NULL);
INSERT INTO "creations" VALUES(3,'custom','queued',2,NULL,'{"kind":"custom","description":"","title":"Harbour","style":"","lyrics":"Boats","instrumental":false,"model":"chirp","extend_task_id":"","extend_clip_id":"","extend_at":null}','b6a0c095be56dfa78f84d2702c1981ac64ee5db935a950895dcde5dc74746442','c66f10d72062d8a34b445ca8b17e4bf8788d85f057c25c41e432a57a9b00a0a6',86400.0,1700000002.0,1700000002.0,0,NULL);
CREATE TABLE "deliveries" (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        account      TEXT NOT NULL,
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
INSERT INTO "deliveries" VALUES(2,'account-2ecfce8ad5bfb4d0',500,50,NULL,'en-US','notice','sent',NULL,0,'8117c3e42e03ce7ae95902c55','full',1,NULL,NULL,0,NULL,1700000060.0,1700000060.0,1700000061.0,9004,NULL,NULL);
INSERT INTO "deliveries" VALUES(3,'account-8e5dcec4c847772f',702,NULL,2,'en-US','notice','sent',NULL,0,'0bca3c4b4026c918eaa814208','full',1,NULL,NULL,0,NULL,1700000060.0,1700000060.0,1700000061.0,9004,NULL,NULL);
INSERT INTO "deliveries" VALUES(4,'custom',501,50,NULL,'zh-CN','notice','due',NULL,0,'63e82480dbef6824878cb2f67','full',1,NULL,NULL,0,1700000060.0,1700000060.0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(5,'custom',701,NULL,1,'zh-CN','held_notice','sent',NULL,0,'0789cc3d302cd059df01d254f','full',1,NULL,501,0,NULL,1700000060.0,1700000060.0,1700000061.0,9002,NULL,NULL);
INSERT INTO "deliveries" VALUES(6,'custom',502,50,NULL,'en-US','notice','dropped',NULL,0,'1dd8add0d633fe0e472590ac7','full',1,'404/10003',NULL,0,NULL,1700000060.0,1700000060.0,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(7,'custom',702,NULL,2,'en-US','notice','sending',NULL,0,'71ef280cd750b975c79acf275','full',1,NULL,502,0,1700000060.0,1700000060.0,1700000060.0,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(8,'custom',500,50,NULL,'en-US','notice','due',NULL,0,'e69ac76c4e5466c6b64bb933e','full',0,NULL,NULL,0,1700000060.0,1700000060.0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(9,'custom',500,50,NULL,'en-US','notice','due',NULL,0,'34dfda5f31de44f4afa340bb4','full',0,NULL,NULL,0,1700000060.0,1700000060.0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(10,'custom',702,NULL,2,'en-US','notice','due',NULL,0,'e56cb7c2b6eae11a64a41dd07','full',0,NULL,NULL,0,1700000060.0,1700000060.0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(11,'custom',503,50,NULL,'en-US','notice','collecting',77,0,'7371c2e39431c1e4d1de8569f','full',0,NULL,NULL,0,1700001860.0,1700000060.0,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE delivery_tasks (         -- what a message is about
        delivery_id INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
        task_id     TEXT NOT NULL,
        end_reason  TEXT NOT NULL,
        task_json   TEXT NOT NULL,        -- the task as it is to be told
        PRIMARY KEY (delivery_id, task_id)
    ) STRICT
    ;
INSERT INTO "delivery_tasks" VALUES(1,'told','finished','{"id":"told","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""},{"id":"clip-2","title":"河上纸船","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"民谣","lyrics":"[主歌]\n纸船漂过长长的河","reason":""}],"lyrics":null}');
INSERT INTO "delivery_tasks" VALUES(2,'servers-told','finished','{"id":"servers-told","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}');
INSERT INTO "delivery_tasks" VALUES(3,'beas-told','finished','{"id":"beas-told","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}');
INSERT INTO "delivery_tasks" VALUES(4,'held','finished','{"id":"held","status":"SUCCESS","outcome":"success","kind":"lyrics","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":{"text":"[Chorus]\nRow, row","title":"Paper Boats","style":""}}');
INSERT INTO "delivery_tasks" VALUES(5,'held','finished','{"id":"held","status":"SUCCESS","outcome":"success","kind":"lyrics","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":{"text":"[Chorus]\nRow, row","title":"Paper Boats","style":""}}');
INSERT INTO "delivery_tasks" VALUES(6,'moved','finished','{"id":"moved","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}');
INSERT INTO "delivery_tasks" VALUES(7,'moved','finished','{"id":"moved","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}');
INSERT INTO "delivery_tasks" VALUES(8,'sending','finished','{"id":"sending","status":"FAILURE","outcome":"failure","kind":"music","claimed_kind":null,"progress":null,"reason":"Song description contained artist name","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}');
INSERT INTO "delivery_tasks" VALUES(9,'due','finished','{"id":"due","status":"FAILURE","outcome":"failure","kind":"music","claimed_kind":null,"progress":null,"reason":"Song description contained artist name","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}');
INSERT INTO "delivery_tasks" VALUES(10,'lost','not_found','{"id":"lost","status":"IN_PROGRESS","outcome":null,"kind":"music","claimed_kind":null,"progress":30,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}');
INSERT INTO "delivery_tasks" VALUES(11,'collected','finished','{"id":"collected","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}');
CREATE TABLE departed_servers ( guild_id INTEGER PRIMARY KEY, missing_since REAL NOT NULL) STRICT;
CREATE TABLE forums ( channel_id INTEGER PRIMARY KEY, guild_id INTEGER NOT NULL) STRICT;
INSERT INTO "forums" VALUES(503,50);
CREATE TABLE history (
        id       INTEGER PRIMARY KEY,
        account    TEXT NOT NULL,
        task_id  TEXT NOT NULL,
        kind     TEXT,
        end_reason   TEXT NOT NULL,
        duration     REAL,                    -- seconds, of what made something
        ended_at REAL NOT NULL,           -- when a watch of it first ended
        words    TEXT NOT NULL,           -- titles, styles and lyrics, made comparable
        task_json   TEXT NOT NULL,           -- the task as it was last told, JSON
        UNIQUE (account, task_id)
    ) STRICT
    ;
INSERT INTO "history" VALUES(1,'custom','told','music','finished',60.0,1700000060.0,'paper boats folk, acoustic [verse] paper boats on a rainy street 河上纸船 民谣 [主歌] 纸船漂过长长的河  ','{"id":"told","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""},{"id":"clip-2","title":"河上纸船","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"民谣","lyrics":"[主歌]\n纸船漂过长长的河","reason":""}],"lyrics":null}');
INSERT INTO "history" VALUES(2,'account-2ecfce8ad5bfb4d0','servers-told','music','finished',60.0,1700000060.0,'paper boats folk, acoustic [verse] paper boats on a rainy street  ','{"id":"servers-told","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}');
INSERT INTO "history" VALUES(3,'account-8e5dcec4c847772f','beas-told','music','finished',60.0,1700000060.0,'paper boats folk, acoustic [verse] paper boats on a rainy street  ','{"id":"beas-told","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}');
INSERT INTO "history" VALUES(4,'custom','held','lyrics','finished',60.0,1700000060.0,'paper boats [chorus] row, row  ','{"id":"held","status":"SUCCESS","outcome":"success","kind":"lyrics","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":{"text":"[Chorus]\nRow, row","title":"Paper Boats","style":""}}');
INSERT INTO "history" VALUES(5,'custom','moved','music','finished',60.0,1700000060.0,'paper boats folk, acoustic [verse] paper boats on a rainy street  ','{"id":"moved","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}');
INSERT INTO "history" VALUES(6,'custom','sending','music','finished',NULL,1700000060.0,'  ','{"id":"sending","status":"FAILURE","outcome":"failure","kind":"music","claimed_kind":null,"progress":null,"reason":"Song description contained artist name","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}');
INSERT INTO "history" VALUES(7,'custom','due','music','finished',NULL,1700000060.0,'  ','{"id":"due","status":"FAILURE","outcome":"failure","kind":"music","claimed_kind":null,"progress":null,"reason":"Song description contained artist name","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}');
INSERT INTO "history" VALUES(8,'custom','collected','music','finished',60.0,1700000060.0,'paper boats folk, acoustic [verse] paper boats on a rainy street  ','{"id":"collected","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}');
PRAGMA writable_schema=ON;
INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql)VALUES('table','history_index','history_index',0,'CREATE VIRTUAL TABLE history_index USING fts5 (
        words, content = ''history'', content_rowid = ''id'',
        tokenize = ''trigram case_sensitive 1''
    )');
CREATE TABLE 'history_index_config'(k PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO "history_index_config" VALUES('version',4);
CREATE TABLE 'history_index_data'(id INTEGER PRIMARY KEY, block BLOB);
INSERT INTO "history_index_data" VALUES(1,X'088273');
INSERT INTO "history_index_data" VALUES(10,X'000000000106060006010101020101030101040101050101060101');
INSERT INTO "history_index_data" VALUES(137438953473,X'000002890430205B7601021C0303E4B8BB01024A020261200102330301630102130202626F010407250202666F01020D02026F6E01023002027061010224020272610102350202737401023B0206E6B091E8B0A30102470305B2B3E4B88A0102420206E7BAB8E888B901024F01032C206101021201035B766501021D0206E4B8BBE6AD8C01024B01035D20700102230303E7BAB801024E01036120720102340202636F0102140202696E01023702027065010403250202747301040A250103626F6101040825010363205B01021B02026F750102150103655D200102220202657401023F020272200104052503017301021F020274200102400103666F6C01020E010369632001021A02026E7901023801036B2C2001021101036C6B2C01021001036E20610102320202792001023901036F61740104092502026C6B01020F02026E20010231020275730102160103706170010402250202657201040425010372206201040625020261690102360202656501023E02027365010220010373206601020C03016F01022F0202655D0102210202746901021803017201023C01057420E6B2B3010241020269630102190202726501023D0202732001040B250103757374010217010376657201021E010379207301023A0109E4B88AE7BAB8E888B90102440305BBE6AD8C5D01024C0105E6AD8C5D2001024D0206B091E8B0A3200102480204B2B320200102570406E4B88AE7BAB80102430208BC82E8BF87E995BF0102520107E79A84E6B2B3200102560206BAB8E888B9200102450703E6BC820102500107E888B920E6B0910102460406E6BC82E8BF870102510204B0A3205B0102490208BF87E995BFE995BF0102530109E995BFE79A84E6B2B30102550406E995BFE79A8401025404080807060807070707070B0A0B08080B080808070708080908070807080607080807080808070907070709080907070708060707060A0707080808080E0A0A0B090B0D0C0B080C0B090D0E');
INSERT INTO "history_index_data" VALUES(274877906945,X'000001990430205B7602021C020261200202330301630202130202626F020407250202666F02020D02026F6E02023002027061020224020272610202350202737402023B01032C206102021201035B766502021D01035D207002022301036120720202340202636F0202140202696E02023702027065020403250202747302040A250103626F6102040825010363205B02021B02026F750202150103655D200202220202657402023F020272200204052503017302021F020274200202400103666F6C02020E010369632002021A02026E7902023801036B2C2002021101036C6B2C02021001036E20610202320202792002023901036F61740204092502026C6B02020F02026E20020231020275730202160103706170020402250202657202040425010372206202040625020261690202360202656502023E02027365020220010373206602020C03016F02022F0202655D0202210202746902021803017202023C0103742020020241020269630202190202726502023D0202732002040B250103757374020217010376657202021E010379207302023A040807060807070707070808080807070808090807080708060708080708080807090707070908090707070806070706080707080808');
INSERT INTO "history_index_data" VALUES(412316860417,X'000001990430205B7603021C020261200302330301630302130202626F030407250202666F03020D02026F6E03023002027061030224020272610302350202737403023B01032C206103021201035B766503021D01035D207003022301036120720302340202636F0302140202696E03023702027065030403250202747303040A250103626F6103040825010363205B03021B02026F750302150103655D200302220202657403023F020272200304052503017303021F020274200302400103666F6C03020E010369632003021A02026E7903023801036B2C2003021101036C6B2C03021001036E20610302320202792003023901036F61740304092502026C6B03020F02026E20030231020275730302160103706170030402250202657203040425010372206203040625020261690302360202656503023E02027365030220010373206603020C03016F03022F0202655D0302210202746903021803017203023C0103742020030241020269630302190202726503023D0202732003040B250103757374030217010376657203021E010379207303023A040807060807070707070808080807070808090807080708060708080708080807090707070908090707070806070706080707080808');
INSERT INTO "history_index_data" VALUES(549755813889,X'000000D20430205B6304020D0202626F0402070202726F0404160701032C207204021A01035B636804020E01035D207204021501036170650402030202747304020A0103626F61040208010363686F04020F01036572200402050103686F7204021001036F6174040209020272750402110202772004021D03012C040218010370617004020202026572040204010372206204020602026F770404170702027573040212010373205B04020C02025D20040214010374732004020B010375735D040213010377202004021E02022C20040219040807080808080807080808080807070608070808070807080808');
INSERT INTO "history_index_data" VALUES(687194767361,X'000001990430205B7605021C020261200502330301630502130202626F050407250202666F05020D02026F6E05023002027061050224020272610502350202737405023B01032C206105021201035B766505021D01035D207005022301036120720502340202636F0502140202696E05023702027065050403250202747305040A250103626F6105040825010363205B05021B02026F750502150103655D200502220202657405023F020272200504052503017305021F020274200502400103666F6C05020E010369632005021A02026E7905023801036B2C2005021101036C6B2C05021001036E20610502320202792005023901036F61740504092502026C6B05020F02026E20050231020275730502160103706170050402250202657205040425010372206205040625020261690502360202656505023E02027365050220010373206605020C03016F05022F0202655D0502210202746905021803017205023C0103742020050241020269630502190202726505023D0202732005040B250103757374050217010376657205021E010379207305023A040807060807070707070808080807070808090807080708060708080708080807090707070908090707070806070706080707080808');
INSERT INTO "history_index_data" VALUES(824633720833,X'000001990430205B7608021C020261200802330301630802130202626F080407250202666F08020D02026F6E08023002027061080224020272610802350202737408023B01032C206108021201035B766508021D01035D207008022301036120720802340202636F0802140202696E08023702027065080403250202747308040A250103626F6108040825010363205B08021B02026F750802150103655D200802220202657408023F020272200804052503017308021F020274200802400103666F6C08020E010369632008021A02026E7908023801036B2C2008021101036C6B2C08021001036E20610802320202792008023901036F61740804092502026C6B08020F02026E20080231020275730802160103706170080402250202657208040425010372206208040625020261690802360202656508023E02027365080220010373206608020C03016F08022F0202655D0802210202746908021803017208023C0103742020080241020269630802190202726508023D0202732008040B250103757374080217010376657208021E010379207308023A040807060807070707070808080807070808090807080708060708080708080807090707070908090707070806070706080707080808');
CREATE TABLE 'history_index_docsize'(id INTEGER PRIMARY KEY, sz BLOB);
INSERT INTO "history_index_docsize" VALUES(1,X'56');
INSERT INTO "history_index_docsize" VALUES(2,X'40');
INSERT INTO "history_index_docsize" VALUES(3,X'40');
INSERT INTO "history_index_docsize" VALUES(4,X'1D');
INSERT INTO "history_index_docsize" VALUES(5,X'40');
INSERT INTO "history_index_docsize" VALUES(6,X'00');
INSERT INTO "history_index_docsize" VALUES(7,X'00');
INSERT INTO "history_index_docsize" VALUES(8,X'40');
CREATE TABLE 'history_index_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
INSERT INTO "history_index_idx" VALUES(1,X'',2);
INSERT INTO "history_index_idx" VALUES(2,X'',2);
INSERT INTO "history_index_idx" VALUES(3,X'',2);
INSERT INTO "history_index_idx" VALUES(4,X'',2);
INSERT INTO "history_index_idx" VALUES(5,X'',2);
INSERT INTO "history_index_idx" VALUES(6,X'',2);
INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql)VALUES('table','history_trigrams','history_trigrams',0,'CREATE VIRTUAL TABLE history_trigrams USING fts5vocab (''history_index'', ''instance'')');
CREATE TABLE "key_values" (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "key_values" VALUES('a note','kept');
INSERT INTO "key_values" VALUES('account-2ecfce8ad5bfb4d0 answered at','1700000060.0');
INSERT INTO "key_values" VALUES('account-8e5dcec4c847772f answered at','1700000060.0');
INSERT INTO "key_values" VALUES('custom answered at','1700000060.0');
INSERT INTO "key_values" VALUES('secret of the message limits','a9c40508fb7a43db9e1fceba144b48aca7f3274669d17c7e9a663bf8f0539130');
CREATE TABLE "live_card_tasks" (
        card_id INTEGER NOT NULL REFERENCES "live_cards" (id) ON DELETE CASCADE,
        account   TEXT NOT NULL,
        task_id TEXT NOT NULL,
        PRIMARY KEY (card_id, task_id)
    ) STRICT
    ;
INSERT INTO "live_card_tasks" VALUES(1,'custom','running');
INSERT INTO "live_card_tasks" VALUES(1,'custom','stranger');
CREATE TABLE "live_cards" (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        channel_id INTEGER NOT NULL,
        guild_id   INTEGER,
        locale     TEXT NOT NULL,
        message_id INTEGER,               -- NULL until it is posted
        marked_stale_at REAL NOT NULL,         -- when its watchers last changed
        updated_at   REAL                   -- when it was last edited, or looked at for that
    , state TEXT NOT NULL DEFAULT 'posted'
        CHECK (state IN ('due', 'posting', 'posted')), nonce TEXT NOT NULL DEFAULT '', attempts INTEGER NOT NULL DEFAULT 0, due_at REAL NOT NULL DEFAULT 0, unconfirmed_since REAL, own_text_only INTEGER NOT NULL DEFAULT 0, shown_version TEXT, content_digest TEXT) STRICT
    ;
INSERT INTO "live_cards" VALUES(1,500,50,'en-US',9003,1700000000.0,1700000000.0,'posted','ea6c87007eb9e7400a8db4bb8',0,0.0,NULL,0,NULL,NULL);
CREATE TABLE "notified_users" (        -- who was told that a channel is blocked
        channel_id INTEGER NOT NULL REFERENCES blocked_channels (channel_id) ON DELETE CASCADE,
        user_id    INTEGER NOT NULL,
        PRIMARY KEY (channel_id, user_id)
    ) STRICT, WITHOUT ROWID
    ;
INSERT INTO "notified_users" VALUES(501,1);
CREATE TABLE relay_accounts (
        id             TEXT PRIMARY KEY,
        guild_id       INTEGER UNIQUE,
        user_id        INTEGER UNIQUE,
        relay          TEXT NOT NULL,      -- the name of its profile
        base_url       TEXT NOT NULL,
        fetch_path     TEXT NOT NULL,
        encrypted_key  BLOB NOT NULL,
        key_ending     TEXT NOT NULL,
        connected_by   INTEGER NOT NULL,
        connected_at   REAL NOT NULL,
        locale         TEXT NOT NULL,
        rejected_since REAL,
        rejection_told_at REAL,            -- NULL: who connected it is to be told
        CHECK ((guild_id IS NULL) != (user_id IS NULL))
    ) STRICT
    ;
INSERT INTO "relay_accounts" VALUES('account-2ecfce8ad5bfb4d0',50,NULL,'deerapi','https://api.deerapi.com','/suno/fetch',X'01474103682DC510BECCF8E62CBA91D706AFD07D0F95868DFBAECAE12297C3E8E285582A9A67D4692BF2B82232D59D','elay',2,1700000000.0,'en-US',NULL,NULL);
INSERT INTO "relay_accounts" VALUES('account-8e5dcec4c847772f',NULL,2,'deerapi','https://api.deerapi.com','/suno/fetch',X'01474103684A73EE861370E512D5CA2A7CCEE254C0210C7A88D8835C20560D58C1ECB6B1D8C145DEE0EE336C3420AF','elay',2,1700000000.0,'en-US',NULL,NULL);
CREATE TABLE requested_messages (
        id           INTEGER PRIMARY KEY,
        user_hash       TEXT NOT NULL,       -- a keyed hash of the user id
        channel_hash      TEXT NOT NULL,       -- of the channel's, which may be a direct message
        guild_id     INTEGER,             -- NULL in a direct message
        requested_at REAL NOT NULL
    ) STRICT
    ;
INSERT INTO "requested_messages" VALUES(1,'b6a0c095be56dfa78f84d2702c1981ac64ee5db935a950895dcde5dc74746442','aea5e7ee4403ba64d7e2bf3de284d894907332bfeb2a5731ea7e4eae3f62e630',50,1700000000.0);
INSERT INTO "requested_messages" VALUES(2,'b1b9678347821ca31481c4911096b9df84272141af3d5747d10620d30d943212','aea5e7ee4403ba64d7e2bf3de284d894907332bfeb2a5731ea7e4eae3f62e630',50,1700000000.0);
INSERT INTO "requested_messages" VALUES(3,'b6a0c095be56dfa78f84d2702c1981ac64ee5db935a950895dcde5dc74746442','847790aa3784056c253a4522a7a1ce16f2cd2450665c257eb3c617a91d05fb6d',NULL,1700000000.0);
INSERT INTO "requested_messages" VALUES(4,'b6a0c095be56dfa78f84d2702c1981ac64ee5db935a950895dcde5dc74746442','847790aa3784056c253a4522a7a1ce16f2cd2450665c257eb3c617a91d05fb6d',NULL,1700000001.0);
INSERT INTO "requested_messages" VALUES(5,'b6a0c095be56dfa78f84d2702c1981ac64ee5db935a950895dcde5dc74746442','847790aa3784056c253a4522a7a1ce16f2cd2450665c257eb3c617a91d05fb6d',NULL,1700000002.0);
CREATE TABLE "server_history" (
        guild_id   INTEGER NOT NULL,
        entry_id   INTEGER NOT NULL REFERENCES history (id),
        channel_id INTEGER NOT NULL,
        ended_at   REAL NOT NULL,
        PRIMARY KEY (guild_id, entry_id, channel_id)
    ) STRICT, WITHOUT ROWID
    ;
INSERT INTO "server_history" VALUES(50,1,500,1700000060.0);
INSERT INTO "server_history" VALUES(50,2,500,1700000060.0);
INSERT INTO "server_history" VALUES(50,4,501,1700000060.0);
INSERT INTO "server_history" VALUES(50,5,502,1700000060.0);
INSERT INTO "server_history" VALUES(50,6,500,1700000060.0);
INSERT INTO "server_history" VALUES(50,7,500,1700000060.0);
INSERT INTO "server_history" VALUES(50,8,503,1700000060.0);
CREATE TABLE server_settings ( guild_id INTEGER PRIMARY KEY, settings TEXT NOT NULL) STRICT;
INSERT INTO "server_settings" VALUES(50,'{"language":"zh-CN"}');
CREATE TABLE tasks (
        account          TEXT NOT NULL,
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
        ended_at       REAL, changed_at REAL, submitted_at REAL, hint TEXT, fingerprint TEXT, creation_id INTEGER,
        PRIMARY KEY (account, task_id)
    ) STRICT
    ;
INSERT INTO "tasks" VALUES('custom','told','ended','finished','music','SUCCESS','{"id":"told","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""},{"id":"clip-2","title":"河上纸船","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"民谣","lyrics":"[主歌]\n纸船漂过长长的河","reason":""}],"lyrics":null}',1,0,NULL,NULL,1700000000.0,1700000060.0,NULL,1700086400.0,1700000060.0,1700000060.0,1700000000.0,'music','',NULL);
INSERT INTO "tasks" VALUES('account-2ecfce8ad5bfb4d0','servers-told','ended','finished','music','SUCCESS','{"id":"servers-told","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}',1,0,NULL,NULL,1700000000.0,1700000060.0,NULL,1700086400.0,1700000060.0,1700000060.0,1700000000.0,'music','',NULL);
INSERT INTO "tasks" VALUES('account-2ecfce8ad5bfb4d0','servers-running','running',NULL,'music','IN_PROGRESS','{"id":"servers-running","status":"IN_PROGRESS","outcome":null,"kind":"music","claimed_kind":null,"progress":30,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}',1,0,NULL,NULL,1700000000.0,NULL,1700000000.0,1700086400.0,NULL,NULL,1700000000.0,'music','',NULL);
INSERT INTO "tasks" VALUES('account-8e5dcec4c847772f','beas-told','ended','finished','music','SUCCESS','{"id":"beas-told","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}',1,0,NULL,NULL,1700000000.0,1700000060.0,NULL,1700086400.0,1700000060.0,1700000060.0,1700000000.0,'music','',NULL);
INSERT INTO "tasks" VALUES('account-8e5dcec4c847772f','beas-running','running',NULL,'music','IN_PROGRESS','{"id":"beas-running","status":"IN_PROGRESS","outcome":null,"kind":"music","claimed_kind":null,"progress":30,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}',1,0,NULL,NULL,1700000000.0,NULL,1700000000.0,1700086400.0,NULL,NULL,1700000000.0,'music','',NULL);
INSERT INTO "tasks" VALUES('custom','held','ended','finished','lyrics','SUCCESS','{"id":"held","status":"SUCCESS","outcome":"success","kind":"lyrics","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":{"text":"[Chorus]\nRow, row","title":"Paper Boats","style":""}}',1,0,NULL,NULL,1700000000.0,1700000060.0,NULL,1700086400.0,1700000060.0,1700000060.0,1700000000.0,'lyrics','',NULL);
INSERT INTO "tasks" VALUES('custom','moved','ended','finished','music','SUCCESS','{"id":"moved","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}',1,0,NULL,NULL,1700000000.0,1700000060.0,NULL,1700086400.0,1700000060.0,1700000060.0,1700000000.0,'music','',NULL);
INSERT INTO "tasks" VALUES('custom','running','running',NULL,'music','IN_PROGRESS','{"id":"running","status":"IN_PROGRESS","outcome":null,"kind":"music","claimed_kind":null,"progress":30,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}',1,0,NULL,NULL,1700000000.0,NULL,1700000000.0,1700086400.0,NULL,NULL,1700000000.0,'music','',NULL);
INSERT INTO "tasks" VALUES('custom','stranger','running',NULL,NULL,'IN_PROGRESS','{"id":"stranger","status":"IN_PROGRESS","outcome":null,"kind":null,"claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}',0,0,NULL,NULL,1700000000.0,NULL,1700000000.0,1700086400.0,NULL,NULL,1700000000.0,NULL,NULL,NULL);
INSERT INTO "tasks" VALUES('custom','sending','ended','finished','music','FAILURE','{"id":"sending","status":"FAILURE","outcome":"failure","kind":"music","claimed_kind":null,"progress":null,"reason":"Song description contained artist name","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}',1,0,NULL,NULL,1700000000.0,1700000060.0,NULL,1700086400.0,1700000060.0,1700000060.0,1700000000.0,'music','',NULL);
INSERT INTO "tasks" VALUES('custom','due','ended','finished','music','FAILURE','{"id":"due","status":"FAILURE","outcome":"failure","kind":"music","claimed_kind":null,"progress":null,"reason":"Song description contained artist name","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}',1,0,NULL,NULL,1700000000.0,1700000060.0,NULL,1700086400.0,1700000060.0,1700000060.0,1700000000.0,'music','',NULL);
INSERT INTO "tasks" VALUES('custom','lost','ended','not_found','music','IN_PROGRESS','{"id":"lost","status":"IN_PROGRESS","outcome":null,"kind":"music","claimed_kind":null,"progress":30,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[],"lyrics":null}',1,0,NULL,NULL,1700000000.0,1700000060.0,NULL,1700086400.0,1700000060.0,NULL,1700000000.0,'music','',NULL);
INSERT INTO "tasks" VALUES('custom','collected','ended','finished','music','SUCCESS','{"id":"collected","status":"SUCCESS","outcome":"success","kind":"music","claimed_kind":null,"progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"clip-1","title":"Paper Boats","status":"complete","audio_url":"https://cdn1.suno.ai/clip-1.mp3","audio_is_final":true,"video_url":null,"image_url":"https://cdn1.suno.ai/image_clip-1.png","duration":120.0,"style":"folk, acoustic","lyrics":"[Verse]\nPaper boats on a rainy street","reason":""}],"lyrics":null}',1,0,NULL,NULL,1700000000.0,1700000060.0,NULL,1700086400.0,1700000060.0,1700000060.0,1700000000.0,'music','',NULL);
INSERT INTO "tasks" VALUES('custom','creation-2','running',NULL,NULL,'NOT_START','{"id":"creation-2","status":"NOT_START","outcome":null,"kind":null,"claimed_kind":"music","progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"","title":"Harbour","status":"unrecognized","audio_url":null,"audio_is_final":false,"video_url":null,"image_url":null,"duration":null,"style":"","lyrics":"","reason":""}],"lyrics":null}',0,0,NULL,NULL,1700000001.0,NULL,NULL,1700086401.0,NULL,NULL,1700000001.0,'music',NULL,2);
INSERT INTO "tasks" VALUES('custom','creation-3','running',NULL,NULL,'NOT_START','{"id":"creation-3","status":"NOT_START","outcome":null,"kind":null,"claimed_kind":"music","progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"","title":"Harbour","status":"unrecognized","audio_url":null,"audio_is_final":false,"video_url":null,"image_url":null,"duration":null,"style":"","lyrics":"","reason":""}],"lyrics":null}',0,0,NULL,NULL,1700000002.0,NULL,NULL,1700086402.0,NULL,NULL,1700000002.0,'music',NULL,3);
INSERT INTO "tasks" VALUES('custom','created','running',NULL,NULL,'NOT_START','{"id":"created","status":"NOT_START","outcome":null,"kind":null,"claimed_kind":"music","progress":null,"reason":"","submitted_at":null,"started_at":null,"finished_at":null,"clips":[{"id":"","title":"Harbour","status":"unrecognized","audio_url":null,"audio_is_final":false,"video_url":null,"image_url":null,"duration":null,"style":"","lyrics":"","reason":""}],"lyrics":null}',1,0,NULL,NULL,1700000003.0,NULL,1700000003.0,1700086403.0,NULL,NULL,1700000003.0,'music','',1);
CREATE TABLE "user_history" (
        user_id  INTEGER NOT NULL,
        entry_id INTEGER NOT NULL REFERENCES history (id),
        ended_at REAL NOT NULL,
        PRIMARY KEY (user_id, entry_id)
    ) STRICT, WITHOUT ROWID
    ;
INSERT INTO "user_history" VALUES(1,1,1700000060.0);
INSERT INTO "user_history" VALUES(1,4,1700000060.0);
INSERT INTO "user_history" VALUES(1,6,1700000060.0);
INSERT INTO "user_history" VALUES(1,7,1700000060.0);
INSERT INTO "user_history" VALUES(2,1,1700000060.0);
INSERT INTO "user_history" VALUES(2,2,1700000060.0);
INSERT INTO "user_history" VALUES(2,3,1700000060.0);
INSERT INTO "user_history" VALUES(2,5,1700000060.0);
INSERT INTO "user_history" VALUES(2,8,1700000060.0);
CREATE TABLE user_settings (
        user_id  INTEGER PRIMARY KEY,
        language TEXT NOT NULL           -- a locale of Discord's
    ) STRICT
    ;
INSERT INTO "user_settings" VALUES(1,'zh-CN');
CREATE TABLE "watches" (
        id          INTEGER PRIMARY KEY,
        account       TEXT NOT NULL,
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
INSERT INTO "watches" VALUES(3,'account-2ecfce8ad5bfb4d0','servers-told',500,50,2,'en-US',1700000000.0,2,1,NULL);
INSERT INTO "watches" VALUES(4,'account-2ecfce8ad5bfb4d0','servers-running',500,50,2,'en-US',1700000000.0,NULL,1,NULL);
INSERT INTO "watches" VALUES(5,'account-8e5dcec4c847772f','beas-told',702,NULL,2,'en-US',1700000000.0,3,1,NULL);
INSERT INTO "watches" VALUES(6,'account-8e5dcec4c847772f','beas-running',702,NULL,2,'en-US',1700000000.0,NULL,1,NULL);
INSERT INTO "watches" VALUES(7,'custom','held',501,50,1,'zh-CN',1700000000.0,4,1,NULL);
INSERT INTO "watches" VALUES(8,'custom','moved',502,50,2,'en-US',1700000000.0,7,1,NULL);
INSERT INTO "watches" VALUES(9,'custom','running',500,50,1,'en-US',1700000000.0,NULL,1,NULL);
INSERT INTO "watches" VALUES(10,'custom','running',500,50,2,'en-US',1700000000.0,NULL,0,NULL);
INSERT INTO "watches" VALUES(11,'custom','running',701,NULL,1,'en-US',1700000000.0,NULL,1,NULL);
INSERT INTO "watches" VALUES(12,'custom','stranger',500,50,2,'en-US',1700000000.0,NULL,1,NULL);
INSERT INTO "watches" VALUES(13,'custom','sending',500,50,1,'en-US',1700000000.0,8,1,NULL);
INSERT INTO "watches" VALUES(14,'custom','due',500,50,1,'en-US',1700000000.0,9,1,NULL);
INSERT INTO "watches" VALUES(15,'custom','lost',702,NULL,2,'en-US',1700000000.0,10,1,NULL);
INSERT INTO "watches" VALUES(16,'custom','collected',503,50,2,'en-US',1700000000.0,11,1,77);
INSERT INTO "watches" VALUES(17,'custom','running',503,50,2,'en-US',1700000000.0,NULL,1,77);
INSERT INTO "watches" VALUES(19,'custom','creation-2',702,NULL,2,'en-US',1700000001.0,NULL,1,NULL);
INSERT INTO "watches" VALUES(20,'custom','creation-3',702,NULL,2,'en-US',1700000002.0,NULL,1,NULL);
INSERT INTO "watches" VALUES(21,'custom','created',702,NULL,2,'en-US',1700000000.0,NULL,1,NULL);
CREATE TABLE welcomed_servers (
        guild_id    INTEGER PRIMARY KEY,
        welcomed_at REAL NOT NULL
    ) STRICT
    ;
INSERT INTO "welcomed_servers" VALUES(50,1700000000.0);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX tasks_due ON tasks (account, next_poll_at) WHERE state = 'running';
CREATE INDEX history_by_kind ON history (account, kind, ended_at) WHERE duration IS NOT NULL;
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
CREATE INDEX watches_open_by_user ON watches (user_id) WHERE delivery_id IS NULL;
CREATE INDEX watches_open_by_server ON watches (guild_id) WHERE delivery_id IS NULL;
CREATE INDEX watches_by_delivery ON watches (delivery_id);
CREATE INDEX watches_by_user ON watches (user_id, id);
CREATE INDEX live_card_tasks_by_task ON live_card_tasks (account, task_id);
CREATE INDEX live_cards_by_channel ON live_cards (channel_id);
CREATE INDEX server_history_newest ON server_history (guild_id, ended_at);
CREATE INDEX server_history_by_entry ON server_history (entry_id);
CREATE INDEX user_history_newest ON user_history (user_id, ended_at);
CREATE INDEX user_history_by_entry ON user_history (entry_id);
CREATE INDEX requested_messages_by_user ON requested_messages (user_hash, requested_at);
CREATE INDEX requested_messages_by_channel ON requested_messages (channel_hash, requested_at)
    ;
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
CREATE INDEX deliveries_collected ON deliveries (due_at) WHERE state = 'collecting';
CREATE INDEX watches_open_by_group ON watches (group_id) WHERE delivery_id IS NULL;
CREATE VIEW task_deliveries AS        -- a row for each task of each delivery
        SELECT d.*, t.task_id, t.end_reason, t.task_json
        FROM deliveries d JOIN delivery_tasks t ON t.delivery_id = d.id;
CREATE UNIQUE INDEX deliveries_collecting ON deliveries (group_id, account)
        WHERE state = 'collecting'
    ;
CREATE INDEX tasks_by_id ON tasks (task_id);
CREATE INDEX history_by_task_id ON history (task_id);
CREATE UNIQUE INDEX watches_open ON watches (task_id, account, channel_id, user_id)
        WHERE delivery_id IS NULL
    ;
CREATE INDEX watches_by_task ON watches (task_id, account);
CREATE INDEX relay_accounts_untold ON relay_accounts (id)
        WHERE rejected_since IS NOT NULL AND rejection_told_at IS NULL
    ;
CREATE INDEX creations_due ON creations (due_at) WHERE state = 'queued';
CREATE INDEX creations_submitting ON creations (account) WHERE state = 'submitting';
CREATE INDEX creations_quota_of_user ON creations (user_hash, created_at);
CREATE INDEX creations_quota_of_server ON creations (guild_hash, created_at);
CREATE INDEX creations_by_user ON creations (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX creations_by_author ON creations (author_id) WHERE author_id IS NOT NULL;
CREATE INDEX creations_forgotten ON creations (created_at) WHERE request IS NULL;
CREATE INDEX creation_tasks_by_creation ON creation_tasks (creation_id);
CREATE INDEX tasks_of_creations ON tasks (creation_id)
        WHERE state = 'running' AND creation_id IS NOT NULL
    ;
CREATE TRIGGER credit_of_deleted_account AFTER DELETE ON relay_accounts BEGIN
        DELETE FROM accounts_without_credit WHERE account = old.id;
    END;
CREATE TRIGGER creation_of_deleted_task AFTER DELETE ON tasks BEGIN
        UPDATE creations SET state = 'cancelled', due_at = NULL
            WHERE state = 'queued' AND 
    id = (SELECT creation_id FROM creation_tasks
        WHERE account = old.account AND task_id = old.task_id)
;
        UPDATE creations SET user_id = NULL, author_id = NULL, request = NULL
            WHERE 
    id = (SELECT creation_id FROM creation_tasks
        WHERE account = old.account AND task_id = old.task_id)
 AND 
    state NOT IN ('queued', 'submitting') AND NOT EXISTS (
        SELECT 1 FROM creation_tasks c WHERE c.creation_id = creations.id AND (
            EXISTS (SELECT 1 FROM tasks t WHERE t.account = c.account AND t.task_id = c.task_id)
            OR EXISTS (SELECT 1 FROM history h
                WHERE h.account = c.account AND h.task_id = c.task_id)))
;
    END;
CREATE TRIGGER creation_of_deleted_entry AFTER DELETE ON history BEGIN
        UPDATE creations SET user_id = NULL, author_id = NULL, request = NULL
            WHERE 
    id = (SELECT creation_id FROM creation_tasks
        WHERE account = old.account AND task_id = old.task_id)
 AND 
    state NOT IN ('queued', 'submitting') AND NOT EXISTS (
        SELECT 1 FROM creation_tasks c WHERE c.creation_id = creations.id AND (
            EXISTS (SELECT 1 FROM tasks t WHERE t.account = c.account AND t.task_id = c.task_id)
            OR EXISTS (SELECT 1 FROM history h
                WHERE h.account = c.account AND h.task_id = c.task_id)))
;
    END;
PRAGMA writable_schema=OFF;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('deliveries',11);
INSERT INTO "sqlite_sequence" VALUES('live_cards',1);
INSERT INTO "sqlite_sequence" VALUES('creations',3);
COMMIT;
