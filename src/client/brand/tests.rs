use super::stores::KEPT_THOUGH_WITHOUT_ANSWER;
use super::*;

#[test]
fn a_kept_list_without_an_answer_counts_for_a_minute_and_one_with_an_answer_for_a_day() {
    let known = Kept::<u8>::default();
    let keep_since = |age_s| {
        let at = system::now().checked_sub(Duration::from_secs(age_s)).unwrap();
        known.lock().unwrap().insert("brand".into(), (at, 1));
    };
    for (age_s, with_answer, without) in
        [(50, Some(1), Some(1)), (70, Some(1), None), (25 * 60 * 60, None, None)]
    {
        keep_since(age_s);
        assert_eq!(kept(&known, "brand", KEPT), with_answer, "{age_s} s");
        assert_eq!(kept(&known, "brand", KEPT_THOUGH_WITHOUT_ANSWER), without, "{age_s} s");
    }
    assert_eq!(kept(&known, "another", KEPT), None);
}
