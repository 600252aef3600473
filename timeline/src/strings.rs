//! The devtool's texts in two languages; an app may supply its own.

use wugan::{Event, Outcome, RefreshResult, RefreshTrigger, SignOutReason, Warning};

/// All texts in and around the timeline. A `fn` inserts values into a sentence; times arrive as text.
#[derive(Debug)]
pub struct Strings {
    /// The accessible name of the timeline.
    pub label: &'static str,
    /// Shown while there are no events.
    pub empty: &'static str,
    /// How to select a lane.
    pub hint: &'static str,
    /// Legend: sent, not answered yet.
    pub sent: &'static str,
    /// Legend: answered 401.
    pub refused: &'static str,
    /// Legend: waiting for the refresh.
    pub waiting: &'static str,
    /// Legend: replayed, not answered yet.
    pub replayed: &'static str,
    /// Legend: answered.
    pub answered: &'static str,
    /// Legend: failed.
    pub failed: &'static str,
    /// Legend: a refresh.
    pub refresh: &'static str,
    /// Legend: another tab's tokens, a sign-in, a sign-out, a warning.
    pub marker: &'static str,
    /// The number of requests; describes the timeline while no lane is selected.
    pub requests: fn(usize) -> String,
    /// The number of refreshes, above their rows.
    pub refreshes: fn(usize) -> String,
    /// The units behind a number: milliseconds, seconds, minutes, hours.
    pub units: [&'static str; 4],
    /// How many earlier events the list leaves out.
    pub earlier: fn(usize) -> String,
    /// The length of a pause that the axis leaves out.
    pub later: fn(&str) -> String,
    /// A request by its id, method and path.
    pub request: fn(u64, &str, &str) -> String,
    /// When a request was sent first.
    pub sent_at: fn(&str) -> String,
    /// When it was answered 401.
    pub refused_at: fn(&str) -> String,
    /// How long it waited for the refresh.
    pub waited: fn(&str) -> String,
    /// When it was replayed.
    pub replayed_at: fn(&str) -> String,
    /// Its final status, and when.
    pub settled: fn(u16, &str) -> String,
    /// When it failed.
    pub failed_at: fn(&str) -> String,
    /// An event as a line of the list.
    pub event: fn(&Event) -> String,
}

impl Strings {
    /// English.
    pub const EN: &'static Strings = &Strings {
        label: "Timeline of requests",
        empty: "No requests yet.",
        hint: "Point at a request, or use the arrow keys.",
        sent: "sent",
        refused: "401",
        waiting: "waiting for the refresh",
        replayed: "replayed",
        answered: "answered",
        failed: "failed",
        refresh: "refresh",
        marker: "sign-in, sign-out, another tab",
        requests: |n| if n == 1 { "1 request".to_owned() } else { format!("{n} requests") },
        refreshes: |n| format!("Refreshes: {n}"),
        units: ["ms", "s", "min", "h"],
        earlier: |n| if n == 1 { "1 earlier event".to_owned() } else { format!("{n} earlier events") },
        later: |pause| format!("+{pause}"),
        request: |id, method, path| format!("Request {id}: {method} {path}"),
        sent_at: |at| format!("sent at {at}"),
        refused_at: |at| format!("401 at {at}"),
        waited: |time| format!("waited {time} for the refresh"),
        replayed_at: |at| format!("replayed at {at}"),
        settled: |status, at| format!("{status} at {at}"),
        failed_at: |at| format!("failed at {at}"),
        event: event_en,
    };

    /// 中文。
    pub const ZH: &'static Strings = &Strings {
        label: "请求时间线",
        empty: "还没有请求。",
        hint: "将指针移到请求上，或用方向键逐条查看。",
        sent: "已发送",
        refused: "401",
        waiting: "等待刷新",
        replayed: "重放",
        answered: "成功",
        failed: "失败",
        refresh: "刷新",
        marker: "登录、退出、其他标签页",
        requests: |n| format!("{n} 个请求"),
        refreshes: |n| format!("刷新次数：{n}"),
        units: ["毫秒", "秒", "分钟", "小时"],
        earlier: |n| format!("更早的 {n} 条事件"),
        later: |pause| format!("+{pause}"),
        request: |id, method, path| format!("请求 {id}：{method} {path}"),
        sent_at: |at| format!("{at} 发送"),
        refused_at: |at| format!("{at} 返回 401"),
        waited: |time| format!("等待刷新 {time}"),
        replayed_at: |at| format!("{at} 重放"),
        settled: |status, at| format!("{at} 返回 {status}"),
        failed_at: |at| format!("{at} 失败"),
        event: event_zh,
    };
}

fn event_en(event: &Event) -> String {
    match event {
        Event::Sent { request, method, path, replay: false } => format!("{request}: {method} {path}"),
        Event::Sent { request, method, path, replay: true } => format!("{request}: {method} {path}, replayed"),
        Event::Answered { request, status, .. } => format!("{request}: answered {status}"),
        Event::Waiting { request } => format!("{request}: waiting for the refresh"),
        Event::Settled { request, outcome: Outcome::Answered(status) } => format!("{request}: finished, {status}"),
        Event::Settled { request, outcome: Outcome::Failed(error) } => format!("{request}: failed, {error}"),
        Event::RefreshStarted { trigger } => format!("Refresh started: {}", trigger_en(*trigger)),
        Event::RefreshEnded { result } => format!("Refresh ended: {}", result_en(result)),
        Event::Adopted => "Tokens adopted from another tab".into(),
        Event::SignedIn { other_tab: true, .. } => "Signed in, in another tab".into(),
        Event::SignedIn { .. } => "Signed in".into(),
        Event::UserChanged { .. } => "User details changed".into(),
        Event::SignedOut { reason } => format!("Signed out: {}", reason_en(*reason)),
        Event::Warning(warning) => format!("Warning: {}", warning_en(warning)),
        _ => "Unknown event".into(),
    }
}

fn trigger_en(trigger: RefreshTrigger) -> &'static str {
    match trigger {
        RefreshTrigger::Unauthorized => "a request was answered 401",
        RefreshTrigger::Due => "the access token is about to expire",
        RefreshTrigger::Manual => "requested by the app",
        _ => "unknown trigger",
    }
}

fn result_en(result: &RefreshResult) -> String {
    match result {
        RefreshResult::Granted => "new tokens".into(),
        RefreshResult::Adopted => "another tab had already refreshed".into(),
        RefreshResult::Rejected => "the refresh token was rejected".into(),
        RefreshResult::Unavailable { reason, .. } => format!("no verdict, the session is kept ({reason})"),
        RefreshResult::Discarded => "discarded, the session had changed".into(),
        other => format!("{other:?}"),
    }
}

fn reason_en(reason: SignOutReason) -> &'static str {
    match reason {
        SignOutReason::ByUser => "by the user",
        SignOutReason::OtherTab => "in another tab",
        SignOutReason::Expired => "expired",
        SignOutReason::KeyLost => "its key is missing",
        _ => "the server rejected the refresh token",
    }
}

fn warning_en(warning: &Warning) -> String {
    match warning {
        Warning::StoreDenied => "storage is blocked".into(),
        Warning::StoreFull => "storage is full".into(),
        Warning::StoreCleared => "storage was cleared".into(),
        Warning::StoreUnreadable => "the stored session is unreadable".into(),
        Warning::StoreOfLaterVersion => "the stored session belongs to a later version".into(),
        Warning::StoreOfOtherBackend => "the stored session belongs to another server".into(),
        Warning::UnrecognizedResponse(why) => format!("the token endpoint neither granted tokens nor rejected the refresh token: {why}"),
        other => format!("{other:?}"),
    }
}

fn event_zh(event: &Event) -> String {
    match event {
        Event::Sent { request, method, path, replay: false } => format!("{request}：{method} {path}"),
        Event::Sent { request, method, path, replay: true } => format!("{request}：重放 {method} {path}"),
        Event::Answered { request, status, .. } => format!("{request}：响应 {status}"),
        Event::Waiting { request } => format!("{request}：等待刷新"),
        Event::Settled { request, outcome: Outcome::Answered(status) } => format!("{request}：完成，{status}"),
        Event::Settled { request, outcome: Outcome::Failed(_) } => format!("{request}：失败"),
        Event::RefreshStarted { trigger } => format!("开始刷新：{}", trigger_zh(*trigger)),
        Event::RefreshEnded { result } => format!("刷新结束：{}", result_zh(result)),
        Event::Adopted => "采用了另一个标签页的新令牌".into(),
        Event::SignedIn { other_tab: true, .. } => "已在另一个标签页登录".into(),
        Event::SignedIn { .. } => "已登录".into(),
        Event::UserChanged { .. } => "用户信息已更新".into(),
        Event::SignedOut { reason } => format!("已退出：{}", reason_zh(*reason)),
        Event::Warning(warning) => format!("警告：{}", warning_zh(warning)),
        _ => "未知事件".into(),
    }
}

fn trigger_zh(trigger: RefreshTrigger) -> &'static str {
    match trigger {
        RefreshTrigger::Unauthorized => "请求返回 401",
        RefreshTrigger::Due => "访问令牌即将过期",
        RefreshTrigger::Manual => "由应用发起",
        _ => "未知原因",
    }
}

fn result_zh(result: &RefreshResult) -> String {
    match result {
        RefreshResult::Granted => "取得新令牌".into(),
        RefreshResult::Adopted => "另一个标签页已经刷新".into(),
        RefreshResult::Rejected => "刷新令牌被拒绝".into(),
        RefreshResult::Unavailable { reason, .. } => format!("无法判定，会话保留（{reason}）"),
        RefreshResult::Discarded => "会话已变更，结果作废".into(),
        other => format!("{other:?}"),
    }
}

fn reason_zh(reason: SignOutReason) -> &'static str {
    match reason {
        SignOutReason::ByUser => "用户操作",
        SignOutReason::OtherTab => "在另一个标签页退出",
        SignOutReason::Expired => "已过期",
        SignOutReason::KeyLost => "密钥已丢失",
        _ => "服务器拒绝了刷新令牌",
    }
}

fn warning_zh(warning: &Warning) -> String {
    match warning {
        Warning::StoreDenied => "浏览器存储被禁用".into(),
        Warning::StoreFull => "浏览器存储已满".into(),
        Warning::StoreCleared => "浏览器存储被清空".into(),
        Warning::StoreUnreadable => "已保存的会话无法读取".into(),
        Warning::StoreOfLaterVersion => "已保存的会话来自更新的版本".into(),
        Warning::StoreOfOtherBackend => "已保存的会话属于另一个服务器".into(),
        Warning::UnrecognizedResponse(why) => format!("令牌接口的响应无法判定：{why}"),
        other => format!("{other:?}"),
    }
}
