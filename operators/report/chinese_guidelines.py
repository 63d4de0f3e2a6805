# ruff: noqa: RUF001 - Chinese is written with full-width punctuation.
"""What guidelines say, in Chinese: one text for every code that :mod:`nodulescope.operators.guidelines.wording` words in English."""

from __future__ import annotations

from nodulescope.operators.guidelines.bts import Bts
from nodulescope.operators.guidelines.fleischner import Fleischner
from nodulescope.operators.guidelines.gaps import Gap
from nodulescope.operators.guidelines.lung_rads import Row
from nodulescope.operators.guidelines.lung_rads_examination import Management

_RECOMMENDATIONS = {
    Management.COMPLETE_THE_SCAN: "补充扫描本次 CT 未显示的肺部区域",
    Management.SCREENING_CT: "{months}后行低剂量 CT 筛查",
    Management.FOLLOW_UP_CT: "{months}后行低剂量 CT",
    Management.WORK_UP: "转诊作进一步临床评估：增强或平扫诊断性胸部 CT、组织活检",
    Fleischner.NO_FOLLOW_UP: "无需常规随访",
    Fleischner.OPTIONAL_CT: "{months}后可选择行 CT",
    Fleischner.CT_THEN_CONSIDER_CT: "{months}后行 CT，此后考虑在 {later}时复查 CT",
    Fleischner.CT_THEN_CT: "{months}后行 CT，此后在 {later}时复查 CT",
    Fleischner.CT_PET_OR_TISSUE: "考虑 {months}后行 CT、PET/CT 或组织活检",
    Fleischner.GROUND_GLASS_SERIES: "{months}后行 CT 确认是否持续存在，此后每 {every}复查 CT，直至 {until}",
    Fleischner.PART_SOLID_SERIES: "{months}后行 CT 确认是否持续存在；如无变化且实性成分小于 6 mm，每 {every}复查 CT，直至 {until}",
    Fleischner.PART_SOLID_SUSPICIOUS: "{months}后行 CT 确认是否持续存在；实性成分不小于 6 mm 且持续存在的结节高度可疑",
    Fleischner.PART_SOLID_NOT_MEASURED: "{months}后行 CT 确认是否持续存在；后续处理取决于实性成分，其大小未测量",
    Fleischner.SMALL_SUBSOLID_SERIES: "{months}后行 CT；如稳定，考虑在 {later}时复查 CT",
    Fleischner.SUBSOLID_BY_MOST_SUSPICIOUS: "{months}后行 CT，此后按最可疑的结节处理",
    Bts.DISCHARGE: "无需随访：小于 5 mm 或 80 mm³",
    Bts.STABLE_DISCHARGE: "无需继续随访：稳定时间已足够",
    Bts.NEW_SMALL: "复查 CT：结节虽小，但为既往检查之后新发；指南未规定间隔时间",
    Bts.SURVEILLANCE: "{months}后行 CT；如无增大，{later}时再行 CT",
    Bts.CT_AT_ONE_YEAR: "首次检查后一年行 CT",
    Bts.RISK_LOW: "Brock 风险低于 10 %：{months}后行 CT；如无增大，{later}时再行 CT",
    Bts.RISK_HIGH: "Brock 风险不低于 10 %：行 PET-CT，再按 Herder 风险决定",
    Bts.RISK_OPEN: "Brock 风险是否低于 10 % 取决于未知信息：若低于，3 个月后行 CT；否则行 PET-CT 并评估 Herder 风险",
    Bts.FAST_GROWTH: "结节增大，体积在 400 天内倍增或增大明显：进一步检查，考虑根治性治疗",
    Bts.MEDIUM_GROWTH: "体积倍增时间 400–600 天：考虑活检或复查 CT，依患者意愿",
    Bts.SLOW_GROWTH: "体积倍增时间超过 600 天：考虑终止随访或复查 CT，依患者意愿",
    Bts.SUBSOLID_CT: "亚实性结节：{months}后行薄层 CT",
    Bts.SUBSOLID_RISK_LOW: "持续存在的亚实性结节，Brock 风险低于 10 %：首次检查后 1、2 和 4 年行 CT",
    Bts.SUBSOLID_RISK_HIGH: "持续存在的亚实性结节，Brock 风险不低于 10 %：讨论复查 CT、活检、切除或非手术治疗",
    Bts.SUBSOLID_RISK_OPEN: "持续存在的亚实性结节，Brock 风险是否低于 10 % 取决于未知信息：若低于，首次检查后 1、2 和 4 年行 CT；"
    "否则讨论活检、切除或非手术治疗",
    Bts.SUBSOLID_GROWTH: "亚实性结节增大：考虑切除或非手术治疗",
}

_ROWS = {
    Row.BENIGN_CALCIFICATION: "整体钙化",
    Row.SOLID_BASELINE_UNDER_6: "实性，小于 6 mm",
    Row.SOLID_BASELINE_6_TO_8: "实性，6 mm 至小于 8 mm",
    Row.SOLID_BASELINE_8_TO_15: "实性，8 mm 至小于 15 mm",
    Row.SOLID_BASELINE_FROM_15: "实性，不小于 15 mm",
    Row.SOLID_NEW_UNDER_4: "新发，实性，小于 4 mm",
    Row.SOLID_NEW_4_TO_6: "新发，实性，4 mm 至小于 6 mm",
    Row.SOLID_NEW_6_TO_8: "新发，实性，6 mm 至小于 8 mm",
    Row.SOLID_NEW_FROM_8: "新发，实性，不小于 8 mm",
    Row.SOLID_GROWING_UNDER_8: "增大，实性，小于 8 mm",
    Row.SOLID_GROWING_FROM_8: "增大，实性，不小于 8 mm",
    Row.PART_SOLID_BASELINE_UNDER_6: "部分实性，小于 6 mm",
    Row.PART_SOLID_BASELINE_SOLID_UNDER_6: "部分实性，不小于 6 mm，实性成分小于 6 mm",
    Row.PART_SOLID_BASELINE_SOLID_6_TO_8: "部分实性，实性成分 6 mm 至小于 8 mm",
    Row.PART_SOLID_BASELINE_SOLID_FROM_8: "部分实性，实性成分不小于 8 mm",
    Row.PART_SOLID_NEW_UNDER_6: "新发，部分实性，小于 6 mm",
    Row.PART_SOLID_GROWING_UNDER_6: "增大，部分实性，小于 6 mm",
    Row.PART_SOLID_ACTIVE_SOLID_UNDER_4: "部分实性，新出现或增大的实性成分小于 4 mm",
    Row.PART_SOLID_ACTIVE_SOLID_FROM_4: "部分实性，新出现或增大的实性成分不小于 4 mm",
    Row.GROUND_GLASS_UNDER_30: "磨玻璃，小于 30 mm",
    Row.GROUND_GLASS_FROM_30: "磨玻璃，不小于 30 mm",
    Row.GROUND_GLASS_FROM_30_STABLE: "磨玻璃，不小于 30 mm，稳定或缓慢增大",
    Row.MASS: "肿块，超过 30 mm",
    Row.STABLE_3: "既往为 3 类，6 个月时稳定或缩小",
    Row.STABLE_4A: "既往为 4A 类，3 个月时稳定或缩小",
    Row.STAYS: "维持既往检查的分类",
    Row.SPICULATED: "按大小为 3 类或 4 类，且分级网络评为有毛刺",
}

_REASONS = {
    Gap.NO_PRIOR: "未比较既往检查，因此所有结节均按首次发现处理。",
    Gap.COVERAGE: "扫描未完整覆盖双肺；范围之外的部分未评估。",
    Gap.SOLID_PART: "{nodules}：Lung-RADS 所需的实性成分未测量。",
    Gap.OPEN_CATEGORY: "未能分类的结节可能是最可疑的。",
    Gap.AIRWAYS: "未评估结节是否位于气道内；Lung-RADS 按其部位分类。",
    Gap.CYSTS: "未检查囊腔；Lung-RADS 对不典型囊腔另有分类。",
    Gap.JUXTAPLEURAL: "{nodules}：未评估形态及与胸膜的接触；若紧贴胸膜、边缘光滑且呈卵圆形、透镜形或三角形，则为 Lung-RADS 2 类。",
    Gap.FAT: "{nodules}：未检查脂肪成分；若含脂肪，则为 Lung-RADS 1 类。",
    Gap.CALCIFIED_SET_ASIDE: "{nodules}：大部分钙化，按良性处理；未评估钙化形态是否为整体、中心、爆米花样或环形。若为其他形态，"
    "应按实性结节处理。",
    Gap.CALCIFIED_BY_SIZE: "{nodules}：密度如钙化，但现有评估不足以确定良性，因此按大小以实性结节分类；未评估钙化形态。",
    Gap.INFECTION: "未检查感染或炎症征象（Lung-RADS 0 类）。",
    Gap.FEATURES: "{nodules}：在可升为 Lung-RADS 4X 的征象中仅评估了毛刺，未评估淋巴结、转移以及一年内倍增的磨玻璃。",
    Gap.SPICULATION: "{nodules}：评分不能判断是否有毛刺；若有，则为 Lung-RADS 4X。",
    Gap.SLOW_GROWTH: "{nodules}：增大超过 1.5 mm，但速度缓慢；若为实性或部分实性且在多次检查中持续增大，可能为 Lung-RADS 4B，"
    "本次仅比较了一次既往检查。",
    Gap.EARLIER_CATEGORY: "{nodules}：既往检查的 Lung-RADS 分类不详；采用既往大小在首次检查时对应的分类。",
    Gap.EARLIER_TYPE: "{nodules}：既往检查的类型不详，因此未评估实性成分是否为新出现。",
    Gap.MODIFIER_S: "未检查其他有意义的发现（Lung-RADS 修饰符 S）。",
    Gap.MASSES: "{nodules}：肿块（超过 30 mm），不适用 Fleischner、BTS 和 Brock 的结节规则。",
    Gap.FLEISCHNER_NO_NODULE: "没有适用 Fleischner 指南的结节。",
    Gap.FLEISCHNER_TOO_YOUNG: "Fleischner 指南不适用于 35 岁以下者。",
    Gap.FLEISCHNER_CANCER: "Fleischner 指南不适用于已知患癌者。",
    Gap.FLEISCHNER_IMMUNOSUPPRESSED: "Fleischner 指南不适用于免疫抑制者。",
    Gap.FLEISCHNER_CONDITIONS: "Fleischner 指南适用于 35 岁及以上、无已知癌症且无免疫抑制者；以下信息不详：{inputs}。",
    Gap.FLEISCHNER_RISK: "患者的肺癌风险不详，因此同时给出低风险和高风险的建议。",
    Gap.FLEISCHNER_INTERVALS: "{nodules}：既往已存在；Fleischner 指南的间隔自首次发现的检查算起。",
    Gap.BROCK_INPUTS: "Brock 概率为一个范围，因为以下信息不详：{inputs}。",
    Gap.BROCK_POPULATION: "Brock 模型基于 50–75 岁的吸烟者和曾吸烟者；该患者不属于此人群。",
    Gap.BROCK_POPULATION_UNKNOWN: "Brock 模型基于 50–75 岁的吸烟者和曾吸烟者；以下信息不详：{inputs}。",
}

_PATIENT = {
    "condition.age": "年满 35 岁",
    "condition.known_cancer": "无已知癌症",
    "condition.immunosuppressed": "无免疫抑制",
    "unknown.age": "年龄",
    "unknown.sex": "性别",
    "unknown.family_history": "肺癌家族史",
    "unknown.emphysema": "肺气肿",
    "unknown.upper_lobe": "结节是否位于上叶",
    "unknown.spiculation": "毛刺",
    "unknown.smoking": "吸烟史",
    "unknown.known_cancer": "已知癌症",
    "unknown.immunosuppressed": "免疫抑制",
    "unknown.cancer_risk": "肺癌风险",
}

CHINESE_GUIDELINES = {
    **_PATIENT,
    **{f"recommendation.{code}": text for code, text in _RECOMMENDATIONS.items()},
    **{f"reason.{gap}": text for gap, text in _REASONS.items()},
    **{f"row.{row}": text for row, text in _ROWS.items()},
}
