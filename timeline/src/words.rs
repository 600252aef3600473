//! What the devtool says, in two languages; an app may bring its own.

use wugan::{Cause, Event, Outcome, Reason, RefreshOutcome, Warning};

/// Everything that is written in and around the picture. `fn`s where something is put into the sentence; times come as text.
#[derive(Debug)]
pub struct Words {
    /// The picture's name, for those who do not see it.
    pub picture: &'static str,
    /// While nothing has happened.
    pub empty: &'static str,
    /// How to walk through the lanes.
    pub hint: &'static str,
    /// The legend: on its way.
    pub sent: &'static str,
    /// The legend: refused with a 401.
    pub refused: &'static str,
    /// The legend: waits for the refresh.
    pub waiting: &'static str,
    /// The legend: on its way again.
    pub replayed: &'static str,
    /// The legend: answered.
    pub answered: &'static str,
    /// The legend: failed.
    pub failed: &'static str,
    /// The legend: the refresh.
    pub refresh: &'static str,
    /// The legend: another tab's doing, a sign-in, a sign-out, a warning.
    pub mark: &'static str,
    /// So many requests; what the picture is of, before one is chosen.
    pub requests: fn(usize) -> String,
    /// Milliseconds, seconds, minutes and hours, as they stand behind a number.
    pub units: [&'static str; 4],
    /// "and n earlier"
    pub earlier: fn(usize) -> String,
    /// "after a pause", at a cut of the axis.
    pub later: fn(&str) -> String,
    /// A request by its number, method and path.
    pub request: fn(u64, &str, &str) -> String,
    /// Sent at; for the first or the second time.
    pub sent_at: fn(&str) -> String,
    /// Refused at.
    pub refused_at: fn(&str) -> String,
    /// Waited for.
    pub waited: fn(&str) -> String,
    /// Sent again at.
    pub replayed_at: fn(&str) -> String,
    /// Got a status at.
    pub settled: fn(u16, &str) -> String,
    /// Failed at.
    pub broke: fn(&str) -> String,
    /// An event as a line of a list.
    pub event: fn(&Event) -> String,
}

impl Words {
    /// English.
    pub const EN: &'static Words = &Words {
        picture: "Timeline of requests",
        empty: "Nothing has happened yet.",
        hint: "Point at a lane, or walk with the arrow keys.",
        sent: "on its way",
        refused: "refused, 401",
        waiting: "waits for the refresh",
        replayed: "on its way again",
        answered: "answered",
        failed: "failed",
        refresh: "the refresh",
        mark: "another tab, sign-in, sign-out",
        requests: |n| if n == 1 { "1 request".to_owned() } else { format!("{n} requests") },
        units: ["ms", "s", "min", "h"],
        earlier: |n| format!("…and {n} earlier"),
        later: |pause| format!("+{pause}"),
        request: |number, method, path| format!("Request {number}: {method} {path}"),
        sent_at: |at| format!("sent at {at}"),
        refused_at: |at| format!("refused with 401 at {at}"),
        waited: |time| format!("waited {time} for the refresh"),
        replayed_at: |at| format!("sent again at {at}"),
        settled: |status, at| format!("{status} at {at}"),
        broke: |at| format!("failed at {at}"),
        event: event_en,
    };

    /// 中文。
    pub const ZH: &'static Words = &Words {
        picture: "请求时间线",
        empty: "还没有发生任何事。",
        hint: "指向一条泳道，或用方向键逐条查看。",
        sent: "首次发送",
        refused: "被拒 401",
        waiting: "等待续期",
        replayed: "重放",
        answered: "成功",
        failed: "失败",
        refresh: "续期",
        mark: "其他标签页、登录、退出",
        requests: |n| format!("{n} 个请求"),
        units: ["毫秒", "秒", "分钟", "小时"],
        earlier: |n| format!("……以及更早的 {n} 条"),
        later: |pause| format!("+{pause}"),
        request: |number, method, path| format!("请求 {number}：{method} {path}"),
        sent_at: |at| format!("{at} 发送"),
        refused_at: |at| format!("{at} 被拒 (401)"),
        waited: |time| format!("等待续期 {time}"),
        replayed_at: |at| format!("{at} 重放"),
        settled: |status, at| format!("{at} 得到 {status}"),
        broke: |at| format!("{at} 失败"),
        event: event_zh,
    };
}

fn event_en(event: &Event) -> String {
    match event {
        Event::Sent { request, method, path, replay: false } => format!("{request}: {method} {path}"),
        Event::Sent { request, method, path, replay: true } => format!("{request}: {method} {path}, once more"),
        Event::Answered { request, status, .. } => format!("{request}: answered {status}"),
        Event::Waiting { request } => format!("{request}: waits for the refresh"),
        Event::Settled { request, outcome: Outcome::Answered(status) } => format!("{request}: done, {status}"),
        Event::Settled { request, outcome: Outcome::Failed(error) } => format!("{request}: failed, {error}"),
        Event::RefreshStarted { cause } => format!("Refresh begins: {}", cause_en(*cause)),
        Event::RefreshEnded { outcome } => format!("Refresh ends: {}", outcome_en(outcome)),
        Event::Adopted => "Another tab has renewed the tokens; they are ours now".into(),
        Event::SignedIn { elsewhere: true, .. } => "Signed in, in another tab".into(),
        Event::SignedIn { .. } => "Signed in".into(),
        Event::SignedOut { reason } => format!("Signed out: {}", reason_en(*reason)),
        Event::Warning(warning) => format!("Warning: {}", warning_en(*warning)),
        _ => "Something new".into(),
    }
}

fn cause_en(cause: Cause) -> &'static str {
    match cause {
        Cause::Unauthorized => "a request was refused",
        Cause::Due => "the token is about to run out",
        Cause::Asked => "asked for",
    }
}

fn outcome_en(outcome: &RefreshOutcome) -> &'static str {
    match outcome {
        RefreshOutcome::Granted => "new tokens",
        RefreshOutcome::Adopted => "another tab was faster",
        RefreshOutcome::Rejected => "rejected for good",
        RefreshOutcome::Unavailable { .. } => "not possible just now, the session is kept",
        RefreshOutcome::Superseded => "the session has changed meanwhile",
    }
}

fn reason_en(reason: Reason) -> &'static str {
    match reason {
        Reason::ByUser => "by the user",
        Reason::Elsewhere => "in another tab",
        Reason::Expired => "run out",
        _ => "the server rejected the refresh token",
    }
}

fn warning_en(warning: Warning) -> &'static str {
    match warning {
        Warning::StoreDenied => "the store cannot be read",
        Warning::StoreFull => "the store cannot be written",
        Warning::StoreCleared => "somebody emptied the store",
        Warning::StoreUnreadable => "the record in the store makes no sense",
        Warning::StoreOfLaterVersion => "the record in the store is of a later version",
        _ => "something is not as it should be",
    }
}

fn event_zh(event: &Event) -> String {
    match event {
        Event::Sent { request, method, path, replay: false } => format!("{request}：{method} {path}"),
        Event::Sent { request, method, path, replay: true } => format!("{request}：重放 {method} {path}"),
        Event::Answered { request, status, .. } => format!("{request}：回应 {status}"),
        Event::Waiting { request } => format!("{request}：等待续期"),
        Event::Settled { request, outcome: Outcome::Answered(status) } => format!("{request}：完成，{status}"),
        Event::Settled { request, outcome: Outcome::Failed(_) } => format!("{request}：失败"),
        Event::RefreshStarted { cause } => format!("开始续期：{}", cause_zh(*cause)),
        Event::RefreshEnded { outcome } => format!("续期结束：{}", outcome_zh(outcome)),
        Event::Adopted => "另一个标签页已续期，直接采用".into(),
        Event::SignedIn { elsewhere: true, .. } => "在另一个标签页登录".into(),
        Event::SignedIn { .. } => "已登录".into(),
        Event::SignedOut { reason } => format!("已退出：{}", reason_zh(*reason)),
        Event::Warning(warning) => format!("警告：{}", warning_zh(*warning)),
        _ => "新事件".into(),
    }
}

fn cause_zh(cause: Cause) -> &'static str {
    match cause {
        Cause::Unauthorized => "有请求被拒绝",
        Cause::Due => "令牌即将过期",
        Cause::Asked => "主动要求",
    }
}

fn outcome_zh(outcome: &RefreshOutcome) -> &'static str {
    match outcome {
        RefreshOutcome::Granted => "得到新令牌",
        RefreshOutcome::Adopted => "另一个标签页更快",
        RefreshOutcome::Rejected => "被永久拒绝",
        RefreshOutcome::Unavailable { .. } => "暂时不可用，会话保留",
        RefreshOutcome::Superseded => "会话已经改变",
    }
}

fn reason_zh(reason: Reason) -> &'static str {
    match reason {
        Reason::ByUser => "用户操作",
        Reason::Elsewhere => "在另一个标签页",
        Reason::Expired => "已过期",
        _ => "服务器拒绝了刷新令牌",
    }
}

fn warning_zh(warning: Warning) -> &'static str {
    match warning {
        Warning::StoreDenied => "无法读取存储",
        Warning::StoreFull => "无法写入存储",
        Warning::StoreCleared => "存储被清空",
        Warning::StoreUnreadable => "存储内容无法识别",
        Warning::StoreOfLaterVersion => "存储内容来自更新的版本",
        _ => "出现异常",
    }
}
