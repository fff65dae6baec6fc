//! A brand's whole business in the sandbox: a right request for every operation, as often as it is needed.

use serde_json::{Value, json};
use std::cell::Cell;
use testkit::till::{OPENID, Till};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use wxcoupon::mode::Mode;
use wxcoupon_sandbox::{BUSIFAVOR_STOCK_IDS, BusifavorSpec, MCHID, Options, STORE_IDS, Sandbox};

const PICTURE: &str = "https://wxpaylogo.qpic.cn/wxpaylogo/test/0";

pub struct Shop {
    pub sandbox: Sandbox,
    pub till: Till,
    count: Cell<u32>,
}

/// A product coupon with a stock, or with a bundle of stocks.
struct Offer {
    product: Value,
    stock: Value,
    bundle: Value,
}

impl Shop {
    pub fn open(mode: Mode) -> Shop {
        let sandbox = Sandbox::start(Options::default()).unwrap();
        let config = match mode {
            // No operation is a till's alone.
            Mode::Partner | Mode::Till => sandbox.config(),
            Mode::Brand => {
                serde_json::from_str(&std::fs::read_to_string(sandbox.brand_config_path()).unwrap()).unwrap()
            }
        };
        let till = Till::new(&config);
        Shop { sandbox, till, count: Cell::new(0) }
    }

    /// A text that no other has.
    pub fn fresh(&self, name: &str) -> String {
        self.count.set(self.count.get() + 1);
        format!("{name}_{:06}", self.count.get())
    }

    /// What must succeed on the way to what is tested.
    fn do_it(&self, operation: &str, request: &Value) -> Value {
        let done = self.till.ask(operation, request);
        assert_eq!(done.status, 0, "{operation}: {}", done.json);
        done.json["data"].clone()
    }

    fn offer(&self, body: Value) -> Offer {
        let made = self.do_it("create_product_coupon", &body);
        let bundle = &made["stock_bundle"];
        let stock = if bundle.is_null() { &made["stock"] } else { &bundle["stock_list"][0] };
        Offer {
            product: made["product_coupon_id"].clone(),
            stock: stock["stock_id"].clone(),
            bundle: bundle["stock_bundle_id"].clone(),
        }
    }

    fn single(&self, code_mode: &str, stores: &str) -> Offer {
        self.offer(self.product(code_mode, stores))
    }

    fn bundle(&self, stores: &str) -> Offer {
        self.offer(self.bundle_product(stores))
    }

    fn product(&self, code_mode: &str, stores: &str) -> Value {
        json!({
            "out_request_no": self.fresh("PRODUCT"), "scope": "ALL", "type": "NORMAL", "usage_mode": "SINGLE",
            "single_usage_info": { "normal_coupon": { "threshold": 10_000, "discount_amount": 2_000 } },
            "display_info": display(), "stock": stock(code_mode, stores),
        })
    }

    fn bundle_product(&self, stores: &str) -> Value {
        json!({
            "out_request_no": self.fresh("PRODUCT"), "scope": "ALL", "type": "NORMAL",
            "usage_mode": "PROGRESSIVE_BUNDLE", "progressive_bundle_usage_info": { "count": 3, "interval_days": 0 },
            "display_info": display(), "stock_bundle": stock_bundle(stores),
        })
    }

    /// A coupon that was sent, with the four ids that every request about it has.
    fn sent(&self) -> Value {
        let offer = self.single("WECHATPAY", "NONE");
        let sent = self.do_it("send", &sending(&offer, "stock_id", &self.fresh("SEND")));
        json!({
            "openid": OPENID, "coupon_code": sent["coupon_code"], "product_coupon_id": offer.product,
            "stock_id": offer.stock,
        })
    }

    fn effective(&self) -> Value {
        let coupon = self.sent();
        self.do_it("confirm", &with(&coupon, "out_request_no", json!(self.fresh("CONFIRM"))));
        coupon
    }

    fn using(&self) -> Value {
        let mut request = with(&self.effective(), "out_request_no", json!(self.fresh("USE")));
        request["use_time"] = json!("2025-08-03T12:00:00+08:00");
        request["associated_order_info"] = json!({ "transaction_id": "4200000000123456789123456789" });
        request
    }

    /// A 商家券 that nobody has used.
    fn busifavor_coupon(&self) -> Value {
        let made = self.sandbox.put_busifavor(&BusifavorSpec::new(self.fresh("SBF"))).unwrap();
        json!({ "openid": OPENID, "coupon_code": made.coupon_code, "stock_id": made.stock_id })
    }

    fn busifavor_using(&self) -> Value {
        let request = with(&self.busifavor_coupon(), "use_request_no", json!(self.fresh("USE")));
        with(&request, "use_time", json!("2025-08-03T12:00:00+08:00"))
    }

    fn user_bundle(&self) -> Value {
        let offer = self.bundle("NONE");
        let sent = self.do_it("bundle_send", &sending(&offer, "stock_bundle_id", &self.fresh("SEND")));
        json!({
            "openid": OPENID, "user_coupon_bundle_id": sent["user_coupon_bundle_id"],
            "product_coupon_id": offer.product, "stock_bundle_id": offer.bundle,
        })
    }

    fn task(&self) -> Value {
        json!({
            "task_id": self.fresh("task"), "image_generation_type": "COMBINE_IMAGE",
            "combine_image": {
                "scope": "ALL", "type": "NORMAL", "usage_mode": "SINGLE",
                "normal_coupon": { "threshold": 10_000, "discount_amount": 2_000 },
            },
        })
    }

    fn right_for_busifavor(&self, operation: &str) -> Value {
        match operation {
            "busifavor_use" => self.busifavor_using(),
            "busifavor_query" => self.busifavor_coupon(),
            "busifavor_list" => {
                json!({ "openid": OPENID, "belong_merchant": MCHID, "coupon_state": "SENDED" })
            }
            "busifavor_get_code" => {
                json!({ "stock_id": BUSIFAVOR_STOCK_IDS[2], "coupon_code": "SBF_UPLOADED" })
            }
            "busifavor_return" => {
                let used = self.busifavor_using();
                self.do_it("busifavor_use", &used);
                let mut request = used;
                for name in ["use_time", "use_request_no"] {
                    request.as_object_mut().unwrap().remove(name);
                }
                with(&request, "return_request_no", json!(self.fresh("BACK")))
            }
            "busifavor_deactivate" => {
                with(&self.busifavor_coupon(), "deactivate_request_no", json!(self.fresh("END")))
            }
            other => panic!("no request for {other}"),
        }
    }

    /// A request that WeChat Pay has every reason to grant, with a number that is new.
    #[allow(clippy::too_many_lines, reason = "a row an operation")]
    pub fn right(&self, operation: &str) -> Value {
        let number = |request: Value| with(&request, "out_request_no", json!(self.fresh("NUMBER")));
        let of_stock = |offer: &Offer| json!({ "product_coupon_id": offer.product, "stock_id": offer.stock });
        let of_bundle =
            |offer: &Offer| json!({ "product_coupon_id": offer.product, "stock_bundle_id": offer.bundle });
        let single = || self.single("WECHATPAY", "NONE");
        let budget = json!({ "update_mode": "MAX_COUNT", "current_max_count": 100, "target_max_count": 200 });
        let stores = json!([{ "store_id": STORE_IDS[0] }]);
        match operation {
            "use" => self.using(),
            "query" => self.effective(),
            "list" => json!({ "openid": OPENID, "coupon_state": "EFFECTIVE" }),
            "send" | "pre_send" => sending(&single(), "stock_id", &self.fresh("SEND")),
            "confirm" => number(self.sent()),
            "return" => {
                let used = self.using();
                self.do_it("use", &used);
                let mut request = used;
                for name in ["use_time", "associated_order_info"] {
                    request.as_object_mut().unwrap().remove(name);
                }
                number(request)
            }
            "deactivate" => with(&number(self.effective()), "deactivate_reason", json!("商品已下架")),
            "bundle_send" | "bundle_pre_send" => {
                sending(&self.bundle("NONE"), "stock_bundle_id", &self.fresh("SEND"))
            }
            "bundle_deactivate" => {
                with(&number(self.user_bundle()), "deactivate_reason", json!("商品已下架"))
            }
            "create_product_coupon" => self.product("WECHATPAY", "NONE"),
            "update_product_coupon" => {
                number(json!({ "product_coupon_id": single().product, "display_info": display() }))
            }
            "get_product_coupon" => json!({ "product_coupon_id": single().product }),
            "deactivate_product_coupon" => {
                number(json!({ "product_coupon_id": single().product, "deactivate_reason": "下架" }))
            }
            "create_stock" => {
                number(json!({ "product_coupon_id": single().product, "stock": stock("UPLOAD", "NONE") }))
            }
            "list_stocks" => json!({ "product_coupon_id": single().product, "page_size": 50 }),
            "update_stock" => with(&number(of_stock(&single())), "remark", json!("新备注")),
            "get_stock" => of_stock(&single()),
            "deactivate_stock" => with(&number(of_stock(&single())), "deactivate_reason", json!("下架")),
            "update_stock_budget" => merged(&number(of_stock(&single())), &budget),
            "upload_coupon_codes" => {
                let offer = self.single("UPLOAD", "NONE");
                let codes: Vec<String> = (0..3).map(|_| self.fresh("CODE")).collect();
                with(&number(of_stock(&offer)), "code_list", json!(codes))
            }
            "associate_stores" => {
                with(&of_stock(&self.single("WECHATPAY", "SPECIFIC")), "store_list", stores)
            }
            "disassociate_stores" => {
                let request = with(&of_stock(&self.single("WECHATPAY", "SPECIFIC")), "store_list", stores);
                self.do_it("associate_stores", &request);
                request
            }
            "list_associated_stores" => of_stock(&self.single("WECHATPAY", "SPECIFIC")),
            "create_stock_bundle" => {
                let product = self.bundle("NONE").product;
                number(json!({ "product_coupon_id": product, "stock_bundle": stock_bundle("NONE") }))
            }
            "update_stock_bundle" => {
                with(&number(of_bundle(&self.bundle("NONE"))), "remark", json!("新备注"))
            }
            "update_stock_bundle_budget" => merged(&number(of_bundle(&self.bundle("NONE"))), &budget),
            "bundle_associate_stores" => with(&of_bundle(&self.bundle("SPECIFIC")), "store_list", stores),
            "bundle_disassociate_stores" => {
                let request = with(&of_bundle(&self.bundle("SPECIFIC")), "store_list", stores);
                self.do_it("bundle_associate_stores", &request);
                request
            }
            busifavor if busifavor.starts_with("busifavor_") => self.right_for_busifavor(busifavor),
            "upload_image" => json!({ "file": super::sample::image() }),
            "set_notify_config" => json!({ "notify_url": "https://pos.example.com/notify" }),
            "get_notify_config" => {
                self.do_it("set_notify_config", &json!({ "notify_url": "https://pos.example.com/notify" }));
                json!({})
            }
            "submit_image_task" => self.task(),
            "get_image_task" => {
                let task = self.task();
                self.do_it("submit_image_task", &task);
                json!({ "task_id": task["task_id"], "image_generation_type": "COMBINE_IMAGE" })
            }
            other => panic!("no request for {other}"),
        }
    }
}

fn sending(offer: &Offer, name: &str, number: &str) -> Value {
    let id = if name == "stock_id" { &offer.stock } else { &offer.bundle };
    json!({ "openid": OPENID, "product_coupon_id": offer.product, name: id, "send_request_no": number })
}

pub fn with(request: &Value, name: &str, value: Value) -> Value {
    let mut request = request.clone();
    request[name] = value;
    request
}

fn merged(request: &Value, more: &Value) -> Value {
    let mut request = request.clone();
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

fn in_days(days: i64) -> String {
    let at = (OffsetDateTime::now_utc() + Duration::days(days)).replace_nanosecond(0).unwrap();
    at.to_offset(time::UtcOffset::from_hms(8, 0, 0).unwrap()).format(&Rfc3339).unwrap()
}

fn display() -> Value {
    json!({ "name": "满减券测试", "image_url": PICTURE, "background_url": PICTURE })
}

fn stock_base(code_mode: &str, stores: &str) -> Value {
    json!({
        "coupon_code_mode": code_mode,
        "stock_send_rule": { "max_count": 100, "max_count_per_user": 10 },
        "usage_rule_display_info": {
            "coupon_usage_method_list": ["OFFLINE"], "usage_description": "到店出示券码",
        },
        "coupon_display_info": { "code_display_mode": "QRCODE", "background_color": "Color010" },
        "notify_config": {}, "store_scope": stores,
    })
}

fn stock(code_mode: &str, stores: &str) -> Value {
    let period = json!({ "available_begin_time": in_days(-1), "available_end_time": in_days(99) });
    with(&stock_base(code_mode, stores), "single_usage_rule", json!({ "coupon_available_period": period }))
}

fn stock_bundle(stores: &str) -> Value {
    let terms: Vec<Value> =
        [500, 500, 700].map(|off| json!({ "threshold": 3000, "discount_amount": off })).into();
    let period = json!({ "available_begin_time": in_days(-1), "available_end_time": in_days(99) });
    let rule = json!({ "coupon_available_period": period, "normal_coupon_list": terms });
    with(&stock_base("WECHATPAY", stores), "progressive_bundle_usage_rule", rule)
}
