/** The texts of the page that Discord's own client would show, in the language of the user. */

const ENGLISH = {
  "only-you": "Only you can see this",
  dismiss: "Dismiss message",
  thinking: "is thinking…",
  edited: "(edited)",
  used: "used",
  app: "APP",
  new: "New",
  "message-in": "Message #{name}",
  "message-to": "Message {name}",
  beginning: "This is the beginning of #{name}.",
  "beginning-direct": "This is the beginning of your conversation with {name}.",
  "try-slash": "Type / to see what the bot offers.",
  unanswered: "The application did not respond",
  "copy-text": "Copy text",
  "copy-id": "Copy message id",
  apps: "Apps",
  more: "More",
  copied: "Copied.",
  choose: "Make a selection",
  cancel: "Cancel",
  submit: "Submit",
  spoiler: "Spoiler: press to show it",
  "offline-cover": "Cover not available offline",
  required: "This option is required.",
  "no-match": "Nothing matches.",
  commands: "Commands",
  options: "Options",
  today: "Today at {time}",
  download: "Download",
  playing: "Now playing",
  send: "Send",
  optional: "optional",
};

const CHINESE = {
  "only-you": "只有您能看到这条消息",
  dismiss: "删除消息",
  thinking: "正在思考……",
  edited: "（已编辑）",
  used: "使用了",
  app: "应用",
  new: "新",
  "message-in": "发消息到 #{name}",
  "message-to": "发消息给 {name}",
  beginning: "这里是 #{name} 的开头。",
  "beginning-direct": "这里是您与 {name} 的对话的开头。",
  "try-slash": "输入 / 查看机器人提供的命令。",
  unanswered: "该应用未响应",
  "copy-text": "复制文本",
  "copy-id": "复制消息 ID",
  apps: "应用",
  more: "更多",
  copied: "已复制。",
  choose: "请选择",
  cancel: "取消",
  submit: "提交",
  spoiler: "剧透内容：点击显示",
  "offline-cover": "离线时无法显示封面",
  required: "此选项为必填项。",
  "no-match": "没有匹配的内容。",
  commands: "命令",
  options: "选项",
  today: "今天 {time}",
  download: "下载",
  playing: "正在播放",
  send: "发送",
  optional: "可选",
};

let language = "en-US";

/** Set the locale of all texts. */
export function setLocale(locale) {
  language = locale;
  document.documentElement.lang = locale;
}

/** Return the current locale. */
export function locale() {
  return language;
}

/** Return a text by its key, with the values of its placeholders in braces. */
export function translate(key, values = {}) {
  const texts = language.startsWith("zh") ? CHINESE : ENGLISH;
  return (texts[key] ?? ENGLISH[key]).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
